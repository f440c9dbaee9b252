// Which real services the local world uses: `.dev.vars` beside the state folder, and providers' keys from the environment.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stateDir } from './clone.ts'

export const providerNames = ['OPENAI', 'DEEPSEEK', 'MISTRAL']

/** `undefined` takes away what the world would set. */
export type DevVars = { readonly [name: string]: string | undefined }

export function readDevVars(environment: NodeJS.ProcessEnv): DevVars {
  const file = join(dirname(stateDir), '.dev.vars')
  const written = existsSync(file) ? parseDevVars(readFileSync(file, 'utf8')) : {}
  // Only what names a provider: a DATABASE_URL in somebody's shell belongs to another project.
  const named = providerNames.flatMap((name) => [`${name}_API_KEY`, `${name}_BASE_URL`])
  const fromEnvironment = named.flatMap((name) => {
    const value = environment[name]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return withRealAddresses({ ...written, ...Object.fromEntries(fromEnvironment) })
}

/** `NAME=value` lines; quotes around a value and lines that begin with `#` are dropped, empty values ignored. */
export function parseDevVars(text: string): { [name: string]: string } {
  const pairs = text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line)
    const value = match?.[2]?.replace(/^(["'])(.*)\1$/, '$2')
    return match?.[1] === undefined || value === undefined || value === '' ? [] : [[match[1], value] as const]
  })
  return Object.fromEntries(pairs)
}

/** A key without an address means the provider itself, and a database of one's own is real Neon: no stand-in's address. */
function withRealAddresses(vars: { [name: string]: string }): DevVars {
  const real = providerNames
    .filter((name) => vars[`${name}_API_KEY`] !== undefined)
    .map((name) => [`${name}_BASE_URL`, vars[`${name}_BASE_URL`]] as const)
  const neon = vars['DATABASE_URL'] === undefined ? {} : { NEON_HTTP: vars['NEON_HTTP'] }
  return { ...vars, ...Object.fromEntries(real), ...neon }
}
