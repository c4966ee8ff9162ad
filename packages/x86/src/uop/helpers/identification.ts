// CPUID, XGETBV, RDTSC, RDRAND: what the CPU says about itself, about time and chance.
import { ExitStatus } from '../../engine/exit-status.ts';
import { enabledComponents } from '../../state/models/cpu-model.ts';
import { cpuidLeaf } from '../../state/models/cpuid-leaves.ts';
import { type HelperContext, type HelperRow, helper } from './helper-row.ts';
import { componentsInUse } from './xsave.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;

function answer({ cpu }: HelperContext, eax: number, edx: number): number {
  cpu.setRegisterHalves(RAX, eax, 0);
  cpu.setRegisterHalves(RDX, edx, 0);
  return 0;
}

export const identificationHelpers: readonly HelperRow[] = [
  helper('cpuid', (context) => {
    const { cpu, model } = context;
    const [eax, ebx, ecx, edx] = cpuidLeaf(model, cpu.registerLow(RAX) >>> 0, cpu.registerLow(RCX) >>> 0, cpu.mode);
    cpu.setRegisterHalves(RBX, ebx, 0);
    cpu.setRegisterHalves(RCX, ecx, 0);
    return answer(context, eax, edx);
  }),
  // Register 0 is XCR0; register 1, where CPUID announces it, XCR0 and what is in use (SDM vol. 1, section 13.2).
  helper('xgetbv', (context) => {
    const { cpu, model } = context;
    const register = cpu.registerLow(RCX);
    if (register === 0) return answer(context, enabledComponents(model), 0);
    if (register === 1 && model.features.has('xgetbv1')) return answer(context, enabledComponents(model) & componentsInUse(context), 0);
    return ExitStatus.GeneralProtection;
  }),
  helper('rdtsc', (context) => {
    if (context.cpu.timeStampDisabled) return ExitStatus.GeneralProtection;
    const ticks = context.timeStamp();
    return answer(context, Number(BigInt.asIntN(32, ticks)), Number(BigInt.asIntN(32, ticks >> 32n)));
  }),
  // Cell: where 64 random bits go.
  helper('random', ({ memory, random }, target) => {
    memory.i64[target >>> 3] = BigInt.asIntN(64, random());
    return 0;
  }),
];
