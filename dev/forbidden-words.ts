// Finds what must not stand in a file of this repository: paths of one person's machine, folders outside the clone.

type Ban = { pattern: RegExp; why: string }

// Written so that this file does not contain what it looks for.
const bans: readonly Ban[] = [
  { pattern: /\.\.\/shared\b/, why: 'a folder outside the clone' },
  { pattern: /(?<![\w.~$}*-])\/(?:Users|home|root|work)\/[\w.-]+/, why: 'a path of one machine' },
  { pattern: /\bC:\\+Users\\/, why: 'a path of one machine' },
]

/** `file:line: why` for every line with a forbidden word. */
export function forbiddenWords(file: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      bans
        .filter(({ pattern }) => pattern.test(line))
        .map(({ why }) => `${file}:${index + 1}: ${why}: ${line.trim().slice(0, 100)}`),
    )
}
