// All routes under `/api`, joined: each subject has its own table beside its answers. And where Stripe's pages lead back to.

import { Hono } from 'hono'

import type { RouteDescription } from '#core/route-table.ts'
import { autoTopUpRoutes, paymentMethodRoutes } from './auto-top-up-routes.ts'
import { answerPerson, type ConsoleParts, type ConsoleRoute } from './guard.ts'
import { invoiceRoutes } from './invoices.ts'
import { planRoutes } from './plan-routes.ts'
import { promotionRoutes } from './promotions.ts'
import { billingReturned, planReturned, returnPaths, returnRouteTable, topUpReturned } from './return-page.ts'
import { topUpRoutes } from './top-up-routes.ts'
import { webhookRoutes } from './webhook-routes.ts'
import { welcomeRoutes } from './welcome-credit.ts'

const routes: readonly ConsoleRoute[] = [
  ...topUpRoutes,
  ...autoTopUpRoutes,
  ...paymentMethodRoutes,
  ...promotionRoutes,
  ...welcomeRoutes,
  ...webhookRoutes,
  ...invoiceRoutes,
  ...planRoutes,
]

export const consoleRouteTable: readonly RouteDescription[] = [
  ...routes.map(({ route }) => route),
  ...returnRouteTable,
]

export function consoleRoutes(parts: ConsoleParts): Hono {
  const app = new Hono()
  for (const consoleRoute of routes) {
    const { method, path } = consoleRoute.route
    app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      answerPerson(c.req.raw, c.req.param('id'), consoleRoute, parts),
    )
  }
  app.get(returnPaths.topUp.replace('{id}', ':id'), (c) => topUpReturned(c.req.param('id') ?? ''))
  app.get(returnPaths.billing, () => billingReturned())
  app.get(returnPaths.plan, () => planReturned())
  return app
}
