/**
 * The site that a browser visits in `site.node.test.ts`, run by each runtime. Prints its two ports:
 * of the shop, and of a server in debug mode that tells forged requests by fetch metadata.
 */
import { DictLoader } from "../../src/template.ts";
import { Application, authenticated, RequestHandler, UIModule } from "../../src/web.ts";

interface Dish {
  readonly name: string;
  readonly price: number;
}

class DishModule extends UIModule {
  override render(dish: Dish, { price = false } = {}): string {
    return this.renderString("dish.html", { dish, price });
  }
  override embeddedCss(): string {
    return ".dish { border-left: 3px solid rgb(0, 90, 160); padding-left: 1rem; }";
  }
  override embeddedJavascript(): string {
    return 'document.body.dataset.dishes = document.querySelectorAll(".dish").length;';
  }
  override javascriptFiles(): string {
    return "dish.js";
  }
}

const dishes: Dish[] = [
  { name: "Fish & Chips", price: 9 },
  { name: "<Mushy peas>", price: 3 },
];
/** Status and path of what has been answered. */
let seen: string[] = [];
let release = (_text: string): void => undefined;

class Base extends RequestHandler {
  override getCurrentUser(): string | undefined {
    return this.getSignedCookie("user")?.toString();
  }
}

class Home extends Base {
  get(): void {
    this.render("home.html", { dishes });
  }
}

class New extends Base {
  static override guards = { get: authenticated, post: authenticated };
  get(): void {
    this.render("new.html");
  }
  post(): void {
    dishes.push({ name: this.getBodyArgument("name"), price: 1 });
    this.redirect(this.reverseUrl("home"));
  }
}

class Login extends Base {
  get(): void {
    this.render("login.html");
  }
  post(): void {
    this.setSignedCookie("user", this.getBodyArgument("name"), { httpOnly: true, sameSite: "Lax" });
    this.redirect(this.getQueryArgument("next", { default: "/" }), { local: true });
  }
}

class Upload extends Base {
  get(): void {
    this.render("upload.html");
  }
  post(): object {
    const [file] = this.request.files.get("menu") ?? [];
    return {
      filename: file?.filename,
      contentType: file?.contentType,
      length: file?.body.length,
      comment: this.getBodyArgument("comment"),
    };
  }
}

class Slow extends Base {
  async get(): Promise<void> {
    const second = (): Promise<string> =>
      new Promise((resolve) => {
        release = resolve;
      });
    await this.renderStream("slow.html", { second, dish: dishes[0] });
  }
}

class Release extends Base {
  get(): void {
    release("Second");
  }
}

class Seen extends RequestHandler {
  get(): object {
    const all = seen;
    seen = [];
    return { seen: all };
  }
}

const shop = new Application(
  [
    ["/", Home, {}, "home"],
    ["/new", New, {}, "new"],
    ["/login", Login],
    ["/upload", Upload],
    ["/slow", Slow],
    ["/release", Release],
    ["/seen", Seen],
  ],
  {
    templatePath: new URL("templates", import.meta.url),
    staticPath: new URL("static", import.meta.url),
    cookieSecret: "the shop's secret",
    loginUrl: "/login",
    xsrfCookies: true,
    uiModules: { Dish: DishModule },
    compressResponse: true,
    logFunction: (handler) => seen.push(`${handler.getStatus()} ${handler.request.path}`),
  },
);

class Broken extends RequestHandler {
  get(): void {
    this.render("broken.html", { dish: {} });
  }
  post(): void {
    this.write("changed");
  }
  override logException(): void {}
}

const debug = new Application([["/", Broken]], {
  debug: true,
  autoreload: false,
  xsrfPolicy: "fetch-metadata",
  templateLoader: new DictLoader({ "broken.html": "<h1>\n{{ dish.name.length }}\n</h1>" }),
  logFunction: () => undefined,
});

const servers = [await shop.listen(0, "127.0.0.1"), await debug.listen(0, "127.0.0.1")];
console.log(JSON.stringify(servers.map((server) => server.addresses[0]?.port)));
