// Names in commands that a person copies into a shell: hosts choose them, and a shell must not take them for more than names.

/** As it is where it is plain, else quoted for a POSIX shell. */
export function shellWord(name: string): string {
  return /^[\w./:=@%,+-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
