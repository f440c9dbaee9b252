// Reads what Stripe's clients send: form encoding with brackets for objects and lists (`a[b][0]=c`), and single fields of it.

import { refuseRequest } from './stripe-error.ts'

export type FormValue = string | Form | readonly FormValue[]
export type Form = { readonly [name: string]: FormValue }

type Draft = { [name: string]: string | Draft }

/** Of a body or a query. */
export function readForm(text: string): Form {
  const root: Draft = Object.create(null)
  for (const [key, value] of new URLSearchParams(text)) {
    const path = key.replaceAll(']', '').split('[')
    put(root, path, value)
  }
  return settled(root)
}

function put(root: Draft, path: readonly string[], value: string): void {
  let at = root
  for (const name of path.slice(0, -1)) {
    const inner = at[name]
    const next: Draft = typeof inner === 'object' ? inner : Object.create(null)
    at[name] = next
    at = next
  }
  const last = path.at(-1) ?? ''
  // `a[]=b`: the next of a list.
  at[last === '' ? String(Object.keys(at).length) : last] = value
}

function settled(draft: Draft): Form {
  return Object.fromEntries(Object.entries(draft).map(([name, value]) => [name, settledValue(value)]))
}

function settledValue(value: string | Draft): FormValue {
  if (typeof value === 'string') return value
  const names = Object.keys(value)
  const isList = names.length > 0 && names.every((name, index) => name === String(index))
  return isList ? Object.values(value).map(settledValue) : settled(value)
}

export function textIn(form: Form, name: string): string | null {
  const value = form[name]
  if (value === undefined || value === '') return null
  if (typeof value === 'string') return value
  throw refuseRequest({ message: `Invalid string: ${JSON.stringify(value)}`, param: name })
}

/** A text that Stripe does not do without. */
export function requiredText(form: Form, name: string): string {
  return textIn(form, name) ?? missing(name)
}

export function integerIn(form: Form, name: string): number | null {
  const text = textIn(form, name)
  if (text === null) return null
  const value = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw refuseRequest({
    message: `Invalid integer: ${text}`,
    param: name,
    code: 'parameter_invalid_integer',
  })
}

export function requiredInteger(form: Form, name: string): number {
  return integerIn(form, name) ?? missing(name)
}

export function booleanIn(form: Form, name: string): boolean | null {
  const text = textIn(form, name)
  if (text === null) return null
  if (text === 'true' || text === 'false') return text === 'true'
  throw refuseRequest({ message: `Invalid boolean: ${text}`, param: name })
}

/** A nested object; an empty one where there is none. */
export function formIn(form: Form, name: string): Form {
  const value = form[name]
  return isForm(value) ? value : {}
}

export function formsIn(form: Form, name: string): readonly Form[] {
  const value = form[name]
  return Array.isArray(value) ? value.filter(isForm) : []
}

export function textsIn(form: Form, name: string): readonly string[] {
  const value = form[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** One of the words that Stripe's type has there. */
export function wordIn<Word extends string>(form: Form, name: string, words: readonly Word[]): Word | null {
  const text = textIn(form, name)
  if (text === null) return null
  const word = words.find((one) => one === text)
  if (word !== undefined) return word
  throw refuseRequest({ message: `Invalid ${name}: must be one of ${words.join(', ')}`, param: name })
}

/** As Stripe merges it: an empty value takes a key away. */
export function metadataIn(form: Form, before: { readonly [name: string]: string } = {}) {
  if (form['metadata'] === '') return {}
  const merged: { [name: string]: string } = { ...before }
  for (const [name, value] of Object.entries(formIn(form, 'metadata'))) {
    if (value === '') delete merged[name]
    else if (typeof value === 'string') merged[name] = value
    else throw refuseRequest({ message: 'Metadata values must be strings.', param: `metadata[${name}]` })
  }
  return merged
}

function isForm(value: FormValue | undefined): value is Form {
  return typeof value === 'object' && !Array.isArray(value)
}

function missing(name: string): never {
  throw refuseRequest({
    message: `Missing required param: ${name}.`,
    param: name,
    code: 'parameter_missing',
  })
}
