// The whole page: look into a file, run a program.
import helloAddress from '@fixtures/hello-asm/hello?url';
import { FileView } from './file-view.tsx';
import { ProgramView } from './program-view.tsx';

/** The program that ships with the page, built from fixtures/hello-asm/hello.S. */
async function builtIn(): Promise<File> {
  const response = await fetch(helloAddress);
  if (!response.ok) throw new Error(`The built-in program could not be fetched: status ${response.status}.`);
  return new File([await response.blob()], 'hello');
}

/** The root component. */
export function Page() {
  return (
    <main>
      <header>
        <h1>elf</h1>
        <p>Looks into executables and runs Linux programs. Everything happens in this page; nothing is uploaded.</p>
      </header>
      <FileView builtIn={builtIn} />
      <ProgramView builtIn={builtIn} />
    </main>
  );
}
