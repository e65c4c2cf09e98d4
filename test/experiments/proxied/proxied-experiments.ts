import type { Experiment } from '../experiment.ts'
import { lateEndTransactionControl } from './late-end-transaction-control.ts'
import { lateEndTransaction, lateEndTransactionV1 } from './late-end-transaction.ts'
import { lostAcknowledgementControl } from './lost-acknowledgement-control.ts'
import { lostAcknowledgement } from './lost-acknowledgement.ts'
import { networkCut } from './network-cut.ts'
import { brokenHandshakes } from './broken-handshakes.ts'
import { tornBytes } from './torn-bytes.ts'
import { aclChanges } from './acl-changes.ts'
import { awsRefusals } from './aws-refusals.ts'
import { damagedAnswers } from './damaged-answers.ts'
import { hangingTransaction } from './hanging-transaction.ts'
import { errorCodes } from './error-codes.ts'
import { credentialChanges } from './credential-changes.ts'
import { topicChanges } from './topic-changes.ts'

/** What is broken between the pipeline and its servers, by proxies. */
export const proxiedExperiments: readonly Experiment[] = [
  networkCut,
  lostAcknowledgement,
  lostAcknowledgementControl,
  lateEndTransaction,
  lateEndTransactionV1,
  lateEndTransactionControl,
  errorCodes,
  tornBytes,
  brokenHandshakes,
  credentialChanges,
  topicChanges,
  aclChanges,
  hangingTransaction,
  awsRefusals,
  damagedAnswers,
]
