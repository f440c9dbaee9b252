// The generated OpenAPI document against the table it comes from.

import { describe, expect, test } from 'vitest'
import { isObject } from '#core/readers.ts'
import type { RouteDescription } from '#core/route-table.ts'
import { healthRouteTable } from './health.ts'
import { openapiDocument, openapiRouteTable, operationIdOf } from './openapi.ts'
import { operatorRouteTable } from './operator.ts'

const routes: readonly RouteDescription[] = [...operatorRouteTable, ...healthRouteTable, ...openapiRouteTable]
const document = openapiDocument(routes, '1.2.3')

describe('the document that is generated from the route table', () => {
  test('names every route once', () => {
    const names = routes.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(names).size).toBe(names.length)
    const ids = routes.map(operationIdOf)
    expect(new Set(ids).size).toBe(ids.length)
    const paths = isObject(document['paths']) ? document['paths'] : {}
    const written = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(isObject(methods) ? methods : {}).map((method) => `${method} ${path}`),
    )
    expect(written.sort()).toEqual(names.sort())
  })

  test('is OpenAPI 3.1 in its structure', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Sluice', version: '1.2.3' } })
    for (const { method, path } of routes) {
      expect(path).toMatch(/^\//)
      const operation = operationAt(method, path)
      expect(operation).toMatchObject({
        operationId: operationIdOf({ method, path }),
        responses: { default: { description: expect.any(String) } },
      })
      const declared = (Array.isArray(operation['parameters']) ? operation['parameters'] : []).flatMap(
        (parameter: unknown) =>
          isObject(parameter) && parameter['in'] === 'path' ? [parameter['name']] : [],
      )
      expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    }
  })

  test('says for every route who may call it', () => {
    expect(operationAt('get', '/operator/v1/findings')['security']).toEqual([{ operatorToken: [] }])
    expect(operationAt('get', '/healthz')['security']).toEqual([])
  })
})

function operationAt(method: string, path: string): { readonly [name: string]: unknown } {
  const paths = document['paths']
  const methods = isObject(paths) ? paths[path] : undefined
  const operation = isObject(methods) ? methods[method] : undefined
  return isObject(operation) ? operation : {}
}
