/**
 * What TypeScript knows of applications. The gate's `tsc --noEmit` is what checks most of it: each
 * `@ts-expect-error` is an error if there is none below it. The runtime is asked where it must agree.
 */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  Application,
  ErrorHandler,
  type PathArgs,
  RedirectHandler,
  RequestHandler,
  type RuleLike,
  type Settings,
  StaticFileHandler,
  UIModule,
} from "../../src/web.ts";

class Story extends RequestHandler {
  get(id: string): void {
    this.write(id);
  }
}

class Named extends RequestHandler {
  get({ year, month }: { year: string; month: string }): void {
    this.write(`${year}-${month}`);
  }
}

class Numeric extends RequestHandler {
  get(id: number): void {
    this.write(String(id));
  }
}

class Two extends RequestHandler {
  async post(first: string, second: string): Promise<object> {
    return { first, second };
  }
}

class Optional extends RequestHandler {
  get(id: string | undefined): void {
    this.write(id ?? "none");
  }
}

class WithDatabase extends RequestHandler {
  database: { name: string } | undefined;
  override initialize(options: { database: { name: string }; readOnly?: boolean }): void {
    this.database = options.database;
  }
  get(): void {
    this.write(this.database?.name ?? "");
  }
}

const database = { name: "stories" };

describe("arguments of verbs", () => {
  test("follow from the pattern", () => {
    expectTypeOf<PathArgs<"/">>().toEqualTypeOf<[]>();
    expectTypeOf<PathArgs<"/story/:id">>().toEqualTypeOf<[string]>();
    expectTypeOf<PathArgs<"/:year/:month(\\d+)/x">>().toEqualTypeOf<[string, string]>();
    expectTypeOf<PathArgs<"/story/([0-9]+)">>().toEqualTypeOf<[string]>();
    expectTypeOf<PathArgs<"/a/(?:b)(c)\\(([^(]+)">>().toEqualTypeOf<[string, string]>();
    expectTypeOf<PathArgs<"/a(?=b)(?<!c)(?<=d).(e)">>().toEqualTypeOf<[string]>();
    expectTypeOf<PathArgs<"/(?<year>\\d+)/(?P<month>\\d+)">>().toEqualTypeOf<
      [groups: { readonly year: string; readonly month: string }]
    >();
    expectTypeOf<PathArgs<"/a(/b)?">>().toEqualTypeOf<readonly (string | undefined)[]>();
    expectTypeOf<PathArgs<string>>().toEqualTypeOf<readonly (string | undefined)[]>();
  });

  test("may be given their type by the pattern", () => {
    const path = "/story/:id/:page";
    class Typed extends RequestHandler {
      get(...[id, page]: PathArgs<typeof path>): void {
        expectTypeOf(id).toEqualTypeOf<string>();
        this.write(id + page);
      }
    }
    expect(new Application([[path, Typed]])).toBeInstanceOf(Application);
  });

  test("are held to what the verbs take", async () => {
    const application = new Application([
      ["/story/:id", Story],
      ["/story/([0-9]+)/x", Story],
      ["/(?<year>\\d+)/(?<month>\\d+)", Named],
      ["/two/:a/:b", Two],
      ["/optional(?:/(\\d+))?", Optional],
      [/\/any\/(.*)/, Story],
    ]);
    expect(await (await application.request("/story/ä")).text()).toBe("ä");
    expect(await (await application.request("/2009/11")).text()).toBe("2009-11");
    expect(await (await application.request("/optional")).text()).toBe("none");

    // @ts-expect-error the pattern has no group
    new Application([["/story", Story]]);
    // @ts-expect-error one group is missing
    new Application([["/two/:a", Two]]);
    // @ts-expect-error a group is text
    new Application([["/number/:id", Numeric]]);
    // @ts-expect-error there is no group "month"
    new Application([["/(?<year>\\d+)", Named]]);
    // @ts-expect-error nor here, in a list within a rule
    new Application([["/a.*", [["/a/(?<year>\\d+)", Named]]]]);
  });
});

describe("options of initialize", () => {
  test("are those of the route", () => {
    new Application([
      ["/", WithDatabase, { database }],
      ["/read", WithDatabase, { database, readOnly: true }, "read"],
      ["/old", RedirectHandler, { url: "/" }],
      ["/gone", ErrorHandler, { statusCode: 410 }],
      ["/files/(.*)", StaticFileHandler, { path: "." }],
      ["/story/:id", Story, {}, "story"],
    ]);
    // @ts-expect-error they are missing
    new Application([["/", WithDatabase]]);
    // @ts-expect-error they are others
    new Application([["/", WithDatabase, { database: "stories" }]]);
    // @ts-expect-error the status is a number
    new Application([["/gone", ErrorHandler, { statusCode: "410" }]]);
    // @ts-expect-error where to?
    new Application([["/old", RedirectHandler, {}]]);
  });
});

describe("reverseUrl", () => {
  test("takes the names of the rules, and as many arguments as they have groups", () => {
    const application = new Application([
      ["/story/:id", Story, {}, "story"],
      ["/(?<year>\\d+)/(?<month>\\d+)", Named, {}, "month"],
      ["/in/.*", [["/in/:id", Story, {}, "nested"]]],
      ["/", WithDatabase, { database }],
    ]);
    expect(application.reverseUrl("story", 7)).toBe("/story/7");
    expect(application.reverseUrl("month", 2009, 11)).toBe("/2009/11");
    expect(application.reverseUrl("nested", "x")).toBe("/in/x");
    // @ts-expect-error there is no such name
    expect(() => application.reverseUrl("strory", 7)).toThrow("no rule has that name");
    // @ts-expect-error an argument is missing
    expect(() => application.reverseUrl("story")).toThrow("1 groups, got 0 arguments");
  });

  test("takes any name where rules are not written in place", () => {
    const rules: RuleLike[] = [["/story/:id", Story, {}, "story"]];
    expect(new Application(rules).reverseUrl("story", 1)).toBe("/story/1");
    const application: Application = new Application([["/", ErrorHandler, { statusCode: 404 }]]);
    application.addHandlers(".*", rules);
    expect(application.reverseUrl("story", 1)).toBe("/story/1");
    expect(new Application()).toBeInstanceOf(Application);
  });
});

describe("subclasses", () => {
  interface User {
    readonly name: string;
  }
  interface OwnSettings extends Settings {
    readonly database: { name: string };
  }
  class Base extends RequestHandler {
    override get settings(): OwnSettings {
      return super.settings as OwnSettings;
    }
    override getCurrentUser(): User | undefined {
      return { name: "Ben" };
    }
  }
  class Page extends Base {
    get(): void {
      const user: User | undefined = this.currentUser;
      expectTypeOf(this.settings.database).toEqualTypeOf<{ name: string }>();
      expectTypeOf(this.settings.cookieSecret).toEqualTypeOf<Settings["cookieSecret"]>();
      this.write(`${user?.name} ${this.settings.database.name}`);
    }
  }
  class Greeting extends UIModule<Base> {
    override render(): string {
      expectTypeOf(this.currentUser).toEqualTypeOf<User | undefined>();
      return this.handler.settings.database.name;
    }
  }

  test("narrow the user, the settings and the handlers of their modules", async () => {
    const application = new Application([["/", Page]], { database, uiModules: { Greeting } });
    expect(await (await application.request("/")).text()).toBe("Ben stories");
  });

  test("an async user is what it resolves to", () => {
    class Async extends RequestHandler {
      override async getCurrentUser(): Promise<User | undefined> {
        return undefined;
      }
      get(): void {
        const user: User | undefined = this.currentUser;
        // @ts-expect-error it may be nobody
        this.write(user.name);
      }
    }
    expect(new Application([["/", Async]])).toBeInstanceOf(Application);
  });

  test("arguments and settings have types", () => {
    class Reading extends RequestHandler {
      get(): void {
        expectTypeOf(this.getArgument("a")).toEqualTypeOf<string>();
        expectTypeOf(this.getArgument("a", { default: undefined })).toEqualTypeOf<
          string | undefined
        >();
        expectTypeOf(this.getArgument("a", { default: 1 })).toEqualTypeOf<string | number>();
        expectTypeOf(this.getArguments("a")).toEqualTypeOf<string[]>();
      }
    }
    expect(new Application([["/", Reading]])).toBeInstanceOf(Application);
    // @ts-expect-error a setting of the framework has a type
    const wrong: Settings = { debug: "yes" };
    expect(wrong).toBeDefined();
  });
});
