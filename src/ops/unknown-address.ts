// What to answer where no route is: a wrong method names the right ones, a wrong path the likely one. The reader is a
// person who has just set a base URL.

import { type Refusal, refuse } from '#core/errors.ts'
import type { RouteDescription } from '#core/route-table.ts'

export type UnknownAddress = { refusal: Refusal; headers: { readonly [name: string]: string } }

/** An echoed path longer than this tells nobody anything. */
const shownCharactersMax = 100

export function unknownAddress(
  asked: { method: string; path: string },
  routes: readonly RouteDescription[],
): UnknownAddress {
  const { method, path } = asked
  const shown = `${method} ${path.slice(0, shownCharactersMax)}`
  const allowed = methodsAt(path, routes)
  if (allowed.length > 0) {
    const message = `${shown} does not exist; this address takes ${allowed.join(', ')}.`
    return { refusal: refuse('method_not_allowed', { message }), headers: { allow: allowed.join(', ') } }
  }
  const likely = likelyPathsOf(path).find((candidate) => methodsAt(candidate, routes).length > 0)
  const next =
    likely === undefined
      ? 'GET /openapi.json lists every address.'
      : `Did you mean ${likely}? The base URL of an SDK ends in /v1, without a slash.`
  return { refusal: refuse('not_found', { message: `There is nothing at ${shown}. ${next}` }), headers: {} }
}

function methodsAt(path: string, routes: readonly RouteDescription[]): readonly string[] {
  const matching = routes.filter((route) => patternOf(route.path).test(path))
  return matching.map(({ method }) => method.toUpperCase())
}

/** A parameter may hold slashes: names of models do. */
function patternOf(path: string): RegExp {
  const literal = path.replaceAll('.', String.raw`\.`)
  return new RegExp(`^${literal.replaceAll(/\{\w+\}/g, '.+')}$`)
}

/** A base URL without `/v1`, with it twice, or with a slash at its end. */
function likelyPathsOf(path: string): readonly string[] {
  const tidy = path.replaceAll(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
  return [tidy, `/v1${tidy}`, tidy.replace(/^(\/v1){2,}/, '/v1')]
}
