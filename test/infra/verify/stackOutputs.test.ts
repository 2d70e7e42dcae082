import { expect, it } from 'vitest';
import { deploymentOf, outputsInFile } from '../../../infra/verify/stackOutputs.ts';

const OUTPUTS = {
  ApiUrl: 'https://a.example/',
  LandingBucketName: 'landing',
  LibraryBucketName: 'library',
  EventBusName: 'bus',
  ClusterName: 'cluster',
};

it('finds the deployment in the outputs of its stack', () => {
  const file = JSON.stringify({ Mine: { ...OUTPUTS, More: 'x' } });
  expect(deploymentOf(outputsInFile(file, 'Mine'))).toEqual({
    apiUrl: 'https://a.example/',
    landingBucket: 'landing',
    libraryBucket: 'library',
    eventBusName: 'bus',
    clusterName: 'cluster',
  });
});

it('says which stack, or which output, there is not', () => {
  expect(() => outputsInFile(JSON.stringify({ Mine: OUTPUTS }), 'Other')).toThrow(
    'The file has Mine, and no Other.',
  );
  const { ApiUrl, ClusterName, ...rest } = OUTPUTS;
  expect([ApiUrl, ClusterName]).toHaveLength(2);
  expect(() => deploymentOf(rest)).toThrow('The stack has no output ApiUrl, ClusterName');
});
