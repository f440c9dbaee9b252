// Every public route, joined: `/openapi.json` is made of it, and an unknown address is told what there is. Read when it is first
// asked for.

import { consoleRouteTable } from '#console/routes.ts'
import type { RouteDescription } from '#core/route-table.ts'
import { gatewayRouteTable } from '#gateway/route-table.ts'
import { keysRouteTable } from '#keys/routes.ts'
import { healthRouteTable } from '#ops/health.ts'
import { openapiAnswer, openapiDocument, openapiRouteTable } from '#ops/openapi.ts'
import { operatorRouteTable } from '#ops/operator.ts'
import { type UnknownAddress, unknownAddress } from '#ops/unknown-address.ts'
import { welcomeRouteTable } from '#ops/welcome.ts'
import { webhookRouteTable } from '#payments/webhook.ts'
import { responseRouteTable } from '#relay/response-route-table.ts'
import { generationRouteTable } from '#relay/routes.ts'
import { readingRouteTable } from '#reading/routes.ts'

const routeTable: readonly RouteDescription[] = [
  ...gatewayRouteTable,
  ...readingRouteTable,
  ...keysRouteTable,
  ...generationRouteTable,
  ...responseRouteTable,
  ...operatorRouteTable,
  ...consoleRouteTable,
  ...webhookRouteTable,
  ...healthRouteTable,
  ...openapiRouteTable,
  ...welcomeRouteTable,
]

export function publicDocument(version: string): Response {
  return openapiAnswer(openapiDocument(routeTable, version))
}

export function unknownPublicAddress(asked: { method: string; path: string }): UnknownAddress {
  return unknownAddress(asked, routeTable)
}
