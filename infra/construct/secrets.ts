import { ParamsAndSecretsLayerVersion, ParamsAndSecretsVersions } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

const KEY_CHARACTERS = 64;

/** AWS's extension that hands a function its secrets, and keeps them for 5 minutes. */
export function secretsExtension(): ParamsAndSecretsLayerVersion {
  return ParamsAndSecretsLayerVersion.fromVersion(ParamsAndSecretsVersions.V1_0_103);
}

/** Signs the links by which recordings are played: `{"key"}`. A new value ends all links that there are. */
export function playbackKey(scope: Construct, id: string): Secret {
  const secret = new Secret(scope, id, {
    description: 'Signs the links by which Stream Recorder lets recordings be played',
    generateSecretString: {
      secretStringTemplate: '{}',
      generateStringKey: 'key',
      excludePunctuation: true,
      passwordLength: KEY_CHARACTERS,
    },
  });
  acknowledge(
    secret,
    'AwsSolutions-SMG4',
    'Nobody but two functions ever reads it, and a rotation would end every link that is being played.',
  );
  return secret;
}
