import { ApiError } from '../typescript/client.ts';

/** Gives it to the browser's downloads. */
export function saveBlob(blob: Blob, fileName: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Where a browser lets a page write a file of the user's choice (File System Access): what lib.dom has not. */
interface Picker {
  showSaveFilePicker?: (options: { readonly suggestedName: string }) => Promise<PickedFile>;
}
export interface PickedFile {
  createWritable(): Promise<WritableStream<Uint8Array>>;
  remove?: () => Promise<void>;
}

/** Memory is all that other browsers have for what a page makes. */
export const IN_MEMORY_MAX_BYTES = 1_000_000_000;

/**
 * Saves what is made while it is saved: straight into a file where the browser can, else by way of memory, and no more than
 * fits there. To be called by what the user has just pressed.
 * @param make what is saved; it is called once it is known where to
 * @param bytesOf how much that will be, about
 * @throws ApiError too_large_for_browser; what the making throws: no piece of a file is left then
 */
export async function saveStream(
  fileName: string,
  make: () => ReadableStream<Uint8Array>,
  bytesOf: () => Promise<number>,
  picker: Picker = window as Picker,
): Promise<void> {
  if (picker.showSaveFilePicker === undefined) {
    if ((await bytesOf()) > IN_MEMORY_MAX_BYTES)
      throw new ApiError(
        'This browser keeps in memory what a page saves, and takes 1 GB at most. Choose fewer, download file by file, or use Chrome, Edge or the command line (`get`).',
        { status: 0, code: 'too_large_for_browser' },
      );
    return saveBlob(await new Response(make()).blob(), fileName);
  }
  const file = await picked(picker.showSaveFilePicker({ suggestedName: fileName }));
  if (file === undefined) return;
  try {
    await make().pipeTo(await file.createWritable());
  } catch (cause) {
    // It is there already, and empty.
    await file.remove?.();
    throw cause;
  }
}

/** Undefined where the user has thought better of it. */
async function picked(asked: Promise<PickedFile>): Promise<PickedFile | undefined> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') return undefined;
    throw cause;
  }
}
