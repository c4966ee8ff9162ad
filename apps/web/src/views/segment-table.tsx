// The program headers as a table, loaded segments marked.
import { hexadecimal, type SegmentView } from '../inspection.ts';

/** Every program header, in file order. */
export function SegmentTable({ segments }: { segments: readonly SegmentView[] }) {
  return (
    <div class="scroll">
      <table data-testid="segments">
        <caption>Program headers</caption>
        <thead>
          <tr>
            {['Type', 'Offset', 'Address', 'In file', 'In memory', 'Access', 'Alignment'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {segments.map((segment) => (
            <tr key={segment.index} class={segment.loaded ? 'loaded' : ''}>
              <th scope="row">{segment.kind}</th>
              <td>{hexadecimal(segment.offset)}</td>
              <td>{hexadecimal(segment.address)}</td>
              <td>{hexadecimal(segment.sizeInFile)}</td>
              <td>{hexadecimal(segment.sizeInMemory)}</td>
              <td>{segment.access}</td>
              <td>{hexadecimal(segment.alignment)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
