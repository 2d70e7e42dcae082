/** A place in a picture, in pixels: all of them even, as 4:2:0 asks for. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const even = (pixels: number): number => 2 * Math.floor(pixels / 2);

/**
 * Cells for so many, alike, in rows from the top left: 1, 2 side by side, 3 and 4 in two rows, up to 6 in two rows of three,
 * up to 9 in three, and so on. A last row that is not full stands in the middle. What is left over is a margin.
 */
export function gridCells(
  count: number,
  picture: { readonly width: number; readonly height: number },
): Cell[] {
  const isUpright = picture.height > picture.width;
  const more = Math.ceil(Math.sqrt(count));
  const fewer = Math.ceil(count / Math.max(1, more));
  const [columns, rows] = isUpright ? [fewer, more] : [more, fewer];
  const width = even(picture.width / columns);
  const height = even(picture.height / rows);
  const y = even((picture.height - rows * height) / 2);
  return Array.from({ length: count }, (_, place) => {
    const row = Math.floor(place / columns);
    const inRow = Math.min(columns, count - row * columns);
    const x = even((picture.width - inRow * width) / 2);
    return { x: x + (place % columns) * width, y: y + row * height, width, height };
  });
}
