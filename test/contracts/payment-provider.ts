// The contract of the payment provider's port (payments/provider.ts): whoever takes money for us must do what these tests say. They
// ask the port alone, while people, banks and a bad network act beside it (provider-world.ts). A second provider is one that passes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeCards } from './provider-cards.ts'
import { describeCustomers } from './provider-customers.ts'
import { describeInvoices } from './provider-invoices.ts'
import { describePages } from './provider-pages.ts'
import { describePayments } from './provider-payments.ts'
import { describePlans } from './provider-plans.ts'
import { describeTroubles } from './provider-troubles.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

export function describeProvider(name: string, start: () => Promise<ProviderUnderTest>): void {
  describe(name, () => {
    let started: ProviderUnderTest
    beforeAll(async () => {
      started = await start()
    })
    afterAll(() => started.stop())

    describeCustomers(() => started)
    describePages(() => started)
    describePayments(() => started)
    describeCards(() => started)
    describeInvoices(() => started)
    describePlans(() => started)
    describeTroubles(start)

    test('nothing that was asked is anything to complain about', async () => {
      const complaints = await started.complaints()
      expect(complaints.filter((complaint) => !complaint.includes(reusedKey))).toEqual([])
    })
  })
}
