// Makes of Stripe's types what its requests must be: numbers are whole, lists of words are closed ("or any other text" is for
// answers of later versions), and what is said several times under several names is said once.

const refPrefix = '#/definitions/'

/** Of the generator's definitions for parameters; the names of the file itself stay. */
export function closedDefinitions(definitions) {
  let all = mapped(definitions, closed)
  for (;;) {
    const names = sameAs(all)
    if (names.size === 0) break
    const kept = Object.entries(all).filter(([name]) => !names.has(name))
    all = mapped(Object.fromEntries(kept), (schema) => renamed(schema, names))
  }
  return withoutUnused(inlined(all))
}

function mapped(definitions, change) {
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, change(schema)]))
}

/** Every schema in it, innermost first. */
function rebuilt(schema, change) {
  const inner = { ...schema }
  if (schema.properties !== undefined)
    inner.properties = mapped(schema.properties, (one) => rebuilt(one, change))
  if (typeof schema.items === 'object') inner.items = rebuilt(schema.items, change)
  if (typeof schema.additionalProperties === 'object')
    inner.additionalProperties = rebuilt(schema.additionalProperties, change)
  if (schema.anyOf !== undefined) inner.anyOf = schema.anyOf.map((one) => rebuilt(one, change))
  return change(inner)
}

function closed(schema) {
  return rebuilt(schema, (one) => {
    if (one.anyOf !== undefined) return union(one.anyOf)
    if (one.type === 'number') return { ...one, type: 'integer' }
    // A class of the package's own; on the wire it is text.
    if (one.$ref === `${refPrefix}Decimal`) return { type: 'string', pattern: String.raw`^-?\d+(\.\d+)?$` }
    return one
  })
}

function union(alternatives) {
  const known = alternatives.filter((one) => one.$ref !== `${refPrefix}OtherString`)
  const isWord = (one) => typeof one.const === 'string'
  const words = known.filter(isWord).map((one) => one.const)
  const others = known.filter((one) => !isWord(one))
  const all = words.length === 0 ? others : [{ type: 'string', enum: words.toSorted() }, ...others]
  return all.length === 1 ? all[0] : { anyOf: all }
}

/** The names exported from the types' file have no dot in them and are no package's. */
const isOurs = (name) => /^[A-Z][A-Za-z]+$/.test(name) && !name.endsWith('Params') && !name.endsWith('Param')

/** Which names say the same as another one. */
function sameAs(definitions) {
  const firsts = new Map()
  const names = new Map()
  for (const [name, schema] of Object.entries(definitions).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  )) {
    const text = JSON.stringify(schema)
    const first = firsts.get(text)
    if (first === undefined) firsts.set(text, name)
    else if (!isOurs(name)) names.set(name, first)
  }
  return names
}

function renamed(schema, names) {
  return rebuilt(schema, (one) => {
    const name = names.get(one.$ref?.slice(refPrefix.length))
    return name === undefined ? one : { ...one, $ref: refPrefix + name }
  })
}

/** The generator names what has no name after its place on this machine: such a schema stands where it is used. */
function inlined(definitions) {
  const isNamed = (name) => /^[\w.]+$/.test(name)
  const resolve = (schema) =>
    rebuilt(schema, (one) => {
      const name = one.$ref?.slice(refPrefix.length)
      return name === undefined || isNamed(name) ? one : resolve(definitions[name])
    })
  const named = Object.entries(definitions).filter(([name]) => isNamed(name))
  return Object.fromEntries(named.map(([name, schema]) => [name, resolve(schema)]))
}

function withoutUnused(definitions) {
  const used = new Set(Object.keys(definitions).filter(isOurs))
  for (const name of used)
    rebuilt(definitions[name], (one) => {
      if (one.$ref !== undefined) used.add(one.$ref.slice(refPrefix.length))
      return one
    })
  return Object.fromEntries(Object.entries(definitions).filter(([name]) => used.has(name)))
}
