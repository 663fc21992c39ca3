// The room's page: listens by WebSocket, or by long polling where there is none (or with ?poll),
// and comes back by itself after the connection was lost.

const list = document.getElementById("messages");
const room = document.getElementById("room");
const state = document.getElementById("state");
const form = document.getElementById("say");
const body = document.getElementById("body");
const unsent = document.getElementById("unsent");
const polls = new URLSearchParams(location.search).has("poll") || !("WebSocket" in window);

/** Messages that the server has not confirmed, by their tokens. */
const waiting = new Map();
let tokens = 0;
let socket;
/** Milliseconds until the next try; more after each one that failed. */
let pause = 250;

function tell(text, isWell) {
  state.textContent = text;
  state.dataset.well = isWell;
}

function cookie(name) {
  return document.cookie
    .split("; ")
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

function post(path, fields) {
  return fetch(path, {
    method: "POST",
    headers: { "X-XSRFToken": cookie("_xsrf") ?? "" },
    body: new URLSearchParams(fields),
  });
}

/** The last message that is shown. */
function cursor() {
  return list.querySelector(".message[id]:nth-last-child(1 of .message[id])")?.id.slice(1) ?? "";
}

/** A message may come twice, as from two processes: it is shown once. */
function show({ id, html }) {
  if (document.getElementById(`m${id}`) !== null) return;
  const isAtEnd = room.scrollHeight - room.scrollTop - room.clientHeight < 80;
  const first = list.querySelector(".waiting");
  if (first === null) list.insertAdjacentHTML("beforeend", html);
  else first.insertAdjacentHTML("beforebegin", html);
  dress();
  if (isAtEnd) room.scrollTop = room.scrollHeight;
}

/** Times as they are here, and one name for several messages in a row. */
function dress() {
  let last;
  for (const message of list.children) {
    const time = message.querySelector("time");
    if (time !== null && time.textContent === "") {
      const format = { hour: "2-digit", minute: "2-digit" };
      time.textContent = new Date(time.dateTime).toLocaleTimeString([], format);
    }
    message.classList.toggle(
      "follows",
      message.dataset.from !== undefined && message.dataset.from === last,
    );
    last = message.dataset.from;
  }
}

function sent(token) {
  waiting.get(token)?.remove();
  waiting.delete(token);
}

/** The message stays, with a way to say it again. */
function failed(token) {
  const message = waiting.get(token);
  if (message === undefined) return;
  waiting.delete(token);
  message.classList.add("failed");
  const again = document.createElement("button");
  again.textContent = "Not sent. Try again";
  again.className = "quiet";
  again.addEventListener("click", () => {
    message.remove();
    say(message.querySelector("p").textContent);
  });
  message.querySelector(".note").replaceChildren(again);
}

async function say(text) {
  const token = ++tokens;
  const message = unsent.content.cloneNode(true).firstElementChild;
  message.querySelector("p").textContent = text;
  list.append(message);
  room.scrollTop = room.scrollHeight;
  waiting.set(token, message);
  if (socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ body: text, token }));
    return;
  }
  try {
    const answer = await post("/a/message/new", { body: text });
    if (!answer.ok) throw new Error(answer.statusText);
    const shown = await answer.json();
    sent(token);
    show(shown);
  } catch {
    failed(token);
  }
}

function later(next) {
  setTimeout(next, pause);
  pause = Math.min(pause * 2, 5000);
}

function listen() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/a/socket?cursor=${cursor()}`);
  socket.addEventListener("open", () => {
    pause = 250;
    tell("live", true);
  });
  socket.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    if (news.sent !== undefined) sent(news.sent);
    else if (news.failed !== undefined) failed(news.failed);
    else show(news);
  });
  socket.addEventListener("close", () => {
    tell("reconnecting", false);
    for (const token of waiting.keys()) failed(token);
    later(listen);
  });
}

async function poll() {
  // No answer is the usual one: after a second without a failure somebody is there.
  const well = setTimeout(() => tell("live, polling", true), 1000);
  try {
    const answer = await post("/a/message/updates", { cursor: cursor() });
    if (answer.status === 403) location.reload();
    if (!answer.ok) throw new Error(answer.statusText);
    pause = 250;
    clearTimeout(well);
    tell("live, polling", true);
    for (const message of (await answer.json()).messages) show(message);
    poll();
  } catch {
    clearTimeout(well);
    tell("reconnecting", false);
    later(poll);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = body.value.trim();
  if (text === "") return;
  body.value = "";
  say(text);
});

body.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

dress();
room.scrollTop = room.scrollHeight;
body.focus();
if (polls) {
  tell("live, polling", true);
  poll();
} else {
  listen();
}
