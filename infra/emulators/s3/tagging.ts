import { checkTags } from './attributes.ts';
import { type Operation, xmlAnswer } from './context.ts';
import { S3Error } from './errors.ts';
import { readDocument } from './payload.ts';
import { allowChildren, childElements, childText, parseXml } from './requestXml.ts';

export const getObjectTagging: Operation = {
  name: 'GetObjectTagging',
  reads: true,
  parameters: ['tagging'],
  run({ store, request }) {
    const { tags } = store.object(request.bucket, request.key);
    return xmlAnswer('Tagging', {
      TagSet: { Tag: tags.map(({ key, value }) => ({ Key: key, Value: value })) },
    });
  },
};

export const putObjectTagging: Operation = {
  name: 'PutObjectTagging',
  reads: false,
  takesBody: true,
  parameters: ['tagging'],
  headers: [
    'x-amz-checksum-',
    'x-amz-sdk-checksum-algorithm',
    'x-amz-trailer',
    'x-amz-decoded-content-length',
  ],
  async run({ store, request, payload }) {
    const document = parseXml(await readDocument(payload), 'Tagging');
    const [set, second] = childElements(document, 'TagSet');
    if (set === undefined || second !== undefined) throw new S3Error('MalformedXML');
    allowChildren(set, ['Tag']);
    const tags = childElements(set, 'Tag').map((element) => {
      const key = childText(element, 'Key');
      const value = childText(element, 'Value');
      if (key === undefined || value === undefined) throw new S3Error('MalformedXML');
      return { key, value };
    });
    checkTags(tags);
    store.object(request.bucket, request.key);
    store.commit({ type: 'tags', bucket: request.bucket, key: request.key, tags });
    return { status: 200, headers: { 'content-length': '0' } };
  },
};
