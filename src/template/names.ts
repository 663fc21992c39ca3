/**
 * Names that a template is given. Any object may hold them: its getters run only for templates that
 * mention the name.
 */

/** Whether an object has a name, and did not merely inherit it from every object there is. */
export function has(names: object, name: string): boolean {
  return name in names && (!isInherited(name) || Object.hasOwn(names, name));
}

/** Whether every object has it: `constructor`, `toString` and the like. */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}
