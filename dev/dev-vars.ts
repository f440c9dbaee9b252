// Which real services the local world uses: `.dev.vars` beside the state folder, and providers' keys from the environment.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { providerIds } from '#catalog/provider-table.ts'
import { cloneDir, stateDir } from './clone.ts'
import { secretPlans } from './secrets.ts'

/** As they begin the names of settings. */
export const providerNames = providerIds.map((id) => id.toUpperCase())

/** `undefined` takes away what the world would set. */
export type DevVars = { readonly [name: string]: string | undefined }

/** What is wrong with `.dev.vars`, for the terminal. Never repeats a value: it may be a secret. */
export class DevVarsError extends Error {}

export function readDevVars(environment: NodeJS.ProcessEnv): DevVars {
  const written = parseDevVars(textOf(join(dirname(stateDir), '.dev.vars')))
  checkDevVars(written, readFileSync(join(cloneDir, '.dev.vars.example'), 'utf8'))
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
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const pairs = lines.flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return []
    const [, name, quoted] = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || quoted === undefined)
      throw new DevVarsError(
        `.dev.vars, line ${index + 1}: this is not NAME=value with a name in capitals. .dev.vars.example shows how.`,
      )
    const value = quoted.replace(/^(["'])(.*)\1$/, '$2')
    return value === '' ? [] : [[name, value] as const]
  })
  return Object.fromEntries(pairs)
}

/** A misspelt name would silently leave the stand-in in place, a short secret answers every request with 503. */
export function checkDevVars(vars: { readonly [name: string]: string }, example: string): void {
  const known = [...example.matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name)
  for (const [name, value] of Object.entries(vars)) {
    if (!known.includes(name))
      throw new DevVarsError(`.dev.vars: there is no setting ${name}. .dev.vars.example lists all of them.`)
    const problem = secretPlans.find((plan) => plan.name === name)?.problemOf?.(value)
    if (problem !== undefined) throw new DevVarsError(`.dev.vars: ${name} ${problem}.`)
  }
}

function textOf(file: string): string {
  if (!existsSync(file)) return ''
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DevVarsError(`.dev.vars cannot be read (${reason}).`, { cause })
  }
}

/** A key without an address means the provider itself, and a database of one's own is real Neon: no stand-in's address. */
function withRealAddresses(vars: { [name: string]: string }): DevVars {
  const real = providerNames
    .filter((name) => vars[`${name}_API_KEY`] !== undefined)
    .map((name) => [`${name}_BASE_URL`, vars[`${name}_BASE_URL`]] as const)
  const neon = vars['DATABASE_URL'] === undefined ? {} : { NEON_HTTP: vars['NEON_HTTP'] }
  return { ...vars, ...Object.fromEntries(real), ...neon }
}
