for (const dish of document.querySelectorAll(".dish")) dish.dataset.seen = "linked";
