/**
 * Hooks under Tornado's names, said when a class is given to an application: nobody would call
 * `check_origin` or `get_current_user`, and what they were to protect would be open. Called by
 * `handler-delegate.ts` and `template-names.ts`.
 */

const HOOKS: readonly string[] = [
  // Of every handler.
  "set_default_headers",
  "on_finish",
  "on_connection_close",
  "data_received",
  "decode_argument",
  "write_error",
  "get_error_html",
  "log_exception",
  "get_current_user",
  "get_user_locale",
  "get_browser_locale",
  "get_login_url",
  "get_template_path",
  "get_template_namespace",
  "create_template_loader",
  "check_xsrf_cookie",
  "compute_etag",
  // Of WebSockets.
  "check_origin",
  "get_compression_options",
  "on_close",
  "on_message",
  "on_ping",
  "on_pong",
  "select_subprotocol",
  // Of static files.
  "get_absolute_path",
  "validate_absolute_path",
  "get_cache_time",
  "get_content",
  "get_content_size",
  "get_content_type",
  "get_content_version",
  "get_modified_time",
  "set_extra_headers",
  // Of UI modules.
  "css_files",
  "embedded_css",
  "embedded_javascript",
  "html_body",
  "html_head",
  "javascript_files",
];

/** A name as it is spelled here. */
export function inCamelCase(name: string): string {
  return name.replace(/(?<=\w)_(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

/**
 * Throws a TypeError for a class that has a hook under Tornado's name alone. One that has it under
 * both names knows what it does: its templates may call the other one.
 */
export function checkHookNames(ofClass: { readonly name: string; prototype: object }): void {
  const { prototype } = ofClass;
  for (const name of HOOKS) {
    if (!(name in prototype)) continue;
    const ours = inCamelCase(name);
    if (depthOf(prototype, ours) <= depthOf(prototype, name)) continue;
    throw new TypeError(`Cannot use ${ofClass.name}: its ${name} is called ${ours} here`);
  }
}

/** How many prototypes further up a member is; infinite for none. */
function depthOf(prototype: object, name: string): number {
  let depth = 0;
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, name)) return depth;
    depth++;
  }
  return Number.POSITIVE_INFINITY;
}
