import { Stack, Token, Validations } from 'aws-cdk-lib';
import { type Bucket, CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ON_RECORD_SCRIPT } from '../optionalFunctions.ts';
import { type BucketName, FUNCTIONS, type Grant, HOST_TASK, MERGE_TASK, RECORDER_TASK } from '../wiring.ts';

const USERS: readonly { readonly grants: readonly Grant[] }[] = [
  ...Object.values(FUNCTIONS),
  ON_RECORD_SCRIPT,
  RECORDER_TASK,
  HOST_TASK,
  MERGE_TASK,
];

/** What a deployment does with this bucket and its objects, as IAM calls it, in the order of the alphabet. */
export function rightsOn(name: BucketName): string[] {
  const actions = USERS.flatMap(({ grants }) => grants).flatMap((grant): readonly string[] => {
    if (grant.on !== name) return [];
    if ('list' in grant) return ['s3:ListBucket'];
    return 'uploads' in grant ? ['s3:ListBucketMultipartUploads'] : grant.actions;
  });
  return [...new Set(actions)].sort();
}

/**
 * Checks buckets that are not made here, as far as synth sees them. What it does not see is said as a warning, which
 * `Validations.of(recorder).acknowledge(…)` takes back.
 * @throws Error naming the property and the rule
 */
export function checkGivenBuckets(
  scope: Construct,
  { landingBucket, libraryBucket }: Readonly<Partial<Record<`${BucketName}Bucket`, IBucket | Bucket>>>,
): void {
  if (landingBucket !== undefined) {
    checkLanding(scope, landingBucket);
    warnOfUnseen(scope, 'landing', landingBucket, 'must not be versioned, nor expire what is below state/');
  }
  if (libraryBucket === undefined) return;
  warnOfUnseen(
    scope,
    'library',
    libraryBucket,
    'should be versioned, and let pages read (CORS, docs/deploy.md)',
  );
  const made = madeHere(libraryBucket);
  if (made !== undefined && made.versioningConfiguration === undefined) {
    warn(
      scope,
      'libraryBucketUnversioned',
      'libraryBucket: is not versioned: what is deleted by mistake is gone; such as new Bucket(…, { versioned: true })',
    );
  }
}

/** S3 sends its notifications to queues of the bucket's own region. */
function checkLanding(scope: Construct, bucket: IBucket | Bucket): void {
  const { region } = Stack.of(scope);
  const its = bucket.env.region;
  if (!Token.isUnresolved(its) && !Token.isUnresolved(region) && its !== region) {
    throw new Error(`landingBucket: must be in the stack's region, ${region}, and is in ${its}`);
  }
  if (madeHere(bucket)?.versioningConfiguration !== undefined) {
    throw new Error(
      'landingBucket: must not be versioned: state changes often, and each version is kept and paid for',
    );
  }
}

/** What S3 would say at the first recording alone: a bucket's own settings, and what the policy of another account says. */
function warnOfUnseen(scope: Construct, name: BucketName, bucket: IBucket | Bucket, settings: string): void {
  const { account } = Stack.of(scope);
  const its = bucket.env.account;
  const rights = rightsOn(name).join(', ');
  if (!Token.isUnresolved(its) && its !== account) {
    const ours = Token.isUnresolved(account) ? "this stack's account" : account;
    warn(
      scope,
      `${name}BucketPolicy`,
      `${name}Bucket: is in another account, ${its}: its policy has to let roles of ${ours} do ${rights}`,
    );
  }
  if (madeHere(bucket) !== undefined) return;
  const key = bucket.encryptionKey === undefined ? `; ${KEY_UNSEEN}` : '';
  warn(
    scope,
    `${name}BucketUnseen`,
    `${name}Bucket: synth does not see the settings of a bucket that is not made in this app: it ${settings}; its policy must not deny ${rights}${key}`,
  );
}

const KEY_UNSEEN =
  'where it is encrypted with a KMS key, name that by Bucket.fromBucketAttributes(…, { encryptionKey }), which lets the roles use it';

function warn(scope: Construct, id: string, message: string): void {
  Validations.of(scope).addWarning(`stream-recorder:${id}`, message);
}

function madeHere(bucket: IBucket | Bucket): CfnBucket | undefined {
  const made = bucket.node.defaultChild;
  return made instanceof CfnBucket ? made : undefined;
}
