/** Lets tsc read the constants that `asc` and `tsc` share: AssemblyScript's i32 is a number there. */
type i32 = number;
