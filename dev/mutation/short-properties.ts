// A mutant that lives sees every test, so property tests stop after this time here; `npm test` runs them whole.
import fc from 'fast-check'

fc.configureGlobal({ interruptAfterTimeLimit: 300, markInterruptAsFailure: false })
