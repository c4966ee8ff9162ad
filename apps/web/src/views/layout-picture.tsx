// The picture of a load: the file above, the address space below, and a band for each loaded segment.
import { hexadecimal, type SegmentView } from '../inspection.ts';
import { layoutScale } from '../layout-scale.ts';

const WIDTH = 960;
const FILE_TOP = 34;
const FILE_BOTTOM = 62;
const MEMORY_TOP = 168;
const MEMORY_BOTTOM = 208;

/** Colours tell the access, and so do the letters in each band: colour is never the only sign. */
function accessClass(access: string): string {
  if (access.includes('x')) return 'code';
  return access.includes('w') ? 'data' : 'constant';
}

/** Draws PT_LOAD segments; nothing when the file loads none. */
export function LayoutPicture({ segments, sizeInBytes }: { segments: readonly SegmentView[]; sizeInBytes: number }) {
  const loaded = segments.filter((segment) => segment.loaded && segment.sizeInMemory > 0n);
  if (loaded.length === 0) return <p>This file has no loadable segment, so there is no layout to draw.</p>;
  const fileEnd = BigInt(sizeInBytes);
  const clamp = (offset: bigint) => (offset < fileEnd ? offset : fileEnd);
  const inFile = layoutScale(
    [
      { start: 0n, end: fileEnd },
      ...loaded.map((s) => ({ start: clamp(s.offset), end: clamp(s.offset + s.sizeInFile) })),
    ],
    WIDTH,
  );
  const inMemory = layoutScale(
    loaded.flatMap((s) => [
      { start: s.address, end: s.address + s.sizeInFile },
      { start: s.address + s.sizeInFile, end: s.address + s.sizeInMemory },
    ]),
    WIDTH,
  );
  return (
    <figure class="layout">
      <svg viewBox={`0 0 ${WIDTH} 252`} role="img" aria-labelledby="layout-title layout-text">
        <title id="layout-title">How the file is laid out in memory</title>
        <desc id="layout-text">{loaded.map(describe).join(' ')}</desc>
        <text class="axis" x="0" y="22">
          file, {sizeInBytes.toLocaleString('en')} bytes
        </text>
        <rect class="file" x="0" y={FILE_TOP} width={WIDTH} height={FILE_BOTTOM - FILE_TOP} rx="3" />
        {loaded.map((segment) => (
          <Band key={segment.index} segment={segment} inFile={(offset) => inFile(clamp(offset))} inMemory={inMemory} />
        ))}
        <text class="axis" x="0" y="246">
          addresses
        </text>
      </svg>
      <figcaption>
        Each band leads from a segment's place in the file to its addresses. Pale: memory that the file does not fill
        (zeroed). Widths grow with the square root of the size; gaps are shortened.
      </figcaption>
    </figure>
  );
}

type Position = (value: bigint) => number;

function Band({ segment, inFile, inMemory }: { segment: SegmentView; inFile: Position; inMemory: Position }) {
  const [fileLeft, fileRight] = [inFile(segment.offset), inFile(segment.offset + segment.sizeInFile)];
  const left = inMemory(segment.address);
  const filled = inMemory(segment.address + segment.sizeInFile);
  const right = inMemory(segment.address + segment.sizeInMemory);
  const band = `M${fileLeft},${FILE_BOTTOM} L${fileRight},${FILE_BOTTOM} L${filled},${MEMORY_TOP} L${left},${MEMORY_TOP} Z`;
  const height = MEMORY_BOTTOM - MEMORY_TOP;
  // A label that does not fit would overlap its neighbour; the table below has every address.
  const labelFits = right - left > 84;
  return (
    <g class={accessClass(segment.access)}>
      <rect
        class="part"
        x={fileLeft}
        y={FILE_TOP}
        width={Math.max(fileRight - fileLeft, 1)}
        height={FILE_BOTTOM - FILE_TOP}
      />
      <path class="band" d={band} />
      <rect class="part" x={left} y={MEMORY_TOP} width={Math.max(filled - left, 0)} height={height} />
      <rect class="zeroed" x={filled} y={MEMORY_TOP} width={Math.max(right - filled, 0)} height={height} />
      <text class="access" x={(left + right) / 2} y={MEMORY_TOP + 25}>
        {right - left > 30 ? segment.access : ''}
      </text>
      <text class="address" x={left} y={MEMORY_BOTTOM + 16}>
        {labelFits ? hexadecimal(segment.address) : ''}
      </text>
    </g>
  );
}

function describe(segment: SegmentView): string {
  const { access, offset, sizeInFile, address, sizeInMemory } = segment;
  const zeroed = sizeInMemory - sizeInFile;
  const tail = zeroed > 0n ? `, then ${zeroed} zeroed bytes` : '';
  return `Segment ${segment.index}, ${access}: ${sizeInFile} bytes at file offset ${hexadecimal(offset)} go to ${hexadecimal(address)}${tail}.`;
}
