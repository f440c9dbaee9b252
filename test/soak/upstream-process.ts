// The model upstream of a soak as a process of its own, which no restart of the product touches. Its records are the
// provider's side of the story: what was produced for whom, and what the provider would bill for it.

import { startUpstream } from '../../dev/upstream.ts'

const upstream = await startUpstream()
process.send?.({ url: upstream.url })
// Ends with whoever started it.
process.on('disconnect', () => void upstream.stop().then(() => process.exit(0)))
