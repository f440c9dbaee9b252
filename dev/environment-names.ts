// What src/env.ts, the provider table, wrangler.toml and .dev.vars.example say the Worker gets, for the check that they agree.
// Text in, names out.

export type EnvironmentTexts = {
  envTs: string
  wranglerToml: string
  devVarsExample: string
  /** What src/env.ts takes from the provider table, where no text names it. */
  providerVariables: readonly string[]
}

/** One line per name that one file has and another lacks; empty when all agree. */
export function environmentDifferences(texts: EnvironmentTexts): string[] {
  const declared = declaredNames(texts.envTs)
  const bound = boundNames(texts.wranglerToml)
  const mentioned = `${commentsOf(texts.wranglerToml)}\n${texts.devVarsExample}`
  const required = declared.filter((name) => !name.isOptional)
  const optional = declared.filter((name) => name.isOptional)
  return [
    ...required
      .filter(({ name }) => !bound.includes(name))
      .map(({ name }) => `src/env.ts has ${name}, wrangler.toml binds nothing of that name`),
    ...bound
      .filter((name) => !required.some((other) => other.name === name))
      .map((name) => `wrangler.toml binds ${name}, src/env.ts has nothing required of that name`),
    ...optional
      .filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(mentioned))
      .map(({ name }) => `src/env.ts has ${name}, neither wrangler.toml nor .dev.vars.example explains it`),
    ...texts.providerVariables
      .filter((name) => !new RegExp(`^${name}=$`, 'm').test(texts.devVarsExample))
      .map((name) => `the provider table has ${name}, .dev.vars.example has no line "${name}="`),
  ]
}

/** Members of the `Env` type; the optional ones are secrets and development's variables. */
export function declaredNames(envTs: string): { name: string; isOptional: boolean }[] {
  return [...envTs.matchAll(/^ {2}([A-Z][A-Z0-9_]*)(\??):/gm)].map(([, name = '', mark]) => ({
    name,
    isOptional: mark === '?',
  }))
}

/** Variables, and the names under which bindings reach the Worker. */
export function boundNames(wranglerToml: string): string[] {
  const names: string[] = []
  let section = ''
  for (const line of wranglerToml.split('\n')) {
    section = /^\[+([^\]]+)\]+$/.exec(line.trim())?.[1] ?? section
    const [, key = '', value = ''] = /^(\w+)\s*=\s*"?([^"]*)/.exec(line) ?? []
    if (section === 'vars' && key !== '') names.push(key)
    else if (key === 'binding') names.push(value)
    else if (key === 'name' && ['durable_objects.bindings', 'ratelimits'].includes(section)) names.push(value)
  }
  return names
}

function commentsOf(toml: string): string {
  return toml
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n')
}
