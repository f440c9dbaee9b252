// The whole public surface as one table: what the folders describe, joined as the root joins it.

import { expect, test } from 'vitest'
import { consoleRouteTable } from '#console/routes.ts'
import { gatewayRouteTable } from '#gateway/route-table.ts'
import { keysRouteTable } from '#keys/routes.ts'
import { healthRouteTable } from '#ops/health.ts'
import { openapiDocument, openapiRouteTable, operationIdOf } from '#ops/openapi.ts'
import { operatorRouteTable } from '#ops/operator.ts'
import { welcomeRouteTable } from '#ops/welcome.ts'
import { webhookRouteTable } from '#payments/webhook.ts'
import { readingRouteTable } from '#reading/routes.ts'
import { responseRouteTable } from '#relay/response-route-table.ts'
import { generationRouteTable } from '#relay/routes.ts'

const tables = [
  gatewayRouteTable,
  readingRouteTable,
  keysRouteTable,
  generationRouteTable,
  responseRouteTable,
  operatorRouteTable,
  consoleRouteTable,
  webhookRouteTable,
  healthRouteTable,
  openapiRouteTable,
  welcomeRouteTable,
]
const routes = tables.flat()

test('no two folders answer at the same address, and every operation has a name of its own', () => {
  const addresses = routes.map(({ method, path }) => `${method} ${path}`)
  expect(addresses.filter((address, index) => addresses.indexOf(address) !== index)).toEqual([])
  const ids = routes.map(operationIdOf)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
})

// Cases: billing-bugs 54
test('every route under /v1 but the catalog needs a key, and every operator route the operator', () => {
  const open = routes.filter(({ auth }) => auth === 'none').map(({ path }) => path)
  const catalog = /^\/v1\/(models|plans)/
  expect(open.filter((path) => path.startsWith('/v1/') && !catalog.test(path))).toEqual([])
  const wrong = routes.filter(({ auth, path }) => path.startsWith('/operator/') !== (auth === 'operator'))
  expect(wrong).toEqual([])
})

// Cases: billing-bugs 48, 54
test('every route under /api is a person’s, and every webhook is signed', () => {
  const auths = (start: string) =>
    new Set(routes.filter(({ path }) => path.startsWith(start)).map(({ auth }) => auth))
  expect(auths('/api/')).toEqual(new Set(['person']))
  expect(auths('/webhooks/')).toEqual(new Set(['signature']))
})

test('the document of all of them can be printed and names each', () => {
  const printed = JSON.stringify(openapiDocument(routes, '0.0.0'))
  for (const { path } of routes) expect(printed).toContain(JSON.stringify(path))
})
