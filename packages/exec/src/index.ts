// Public names of @elf/exec.
export { type AuxiliaryEntry, auxiliaryVectorBytes } from './auxiliary-vector.ts';
export {
  type BinaryFormat,
  type CoreDumpRequest,
  type FloatingPointStart,
  type FormatOutcome,
  type FormatRefusal,
  type ImageAbi,
  type ImagePersonality,
  type LibraryRequest,
  type LoadContext,
  type LoadedImage,
  refuse,
} from './binary-format.ts';
export { type ConfFile, type ConfRule, confFiles, confRules } from './binfmt-misc/conf-file.ts';
export { entryText, flagLetters, type MiscEntry } from './binfmt-misc/misc-entry.ts';
export { type BinfmtMiscOptions, BinfmtMiscTable } from './binfmt-misc/misc-table.ts';
export {
  type MiscFlags,
  type MiscRegistration,
  parseRegistration,
  type RegistrationFault,
  type RegistrationField,
} from './binfmt-misc/registration.ts';
export type { Binprm } from './binprm.ts';
export { ExecErrno, errnoName } from './exec-errno.ts';
export { type ExecInput, ExecRecord, type ExecStep, type Refusal } from './exec-record.ts';
export type {
  AnnouncedVdso,
  ExecCredentials,
  ExecEntropy,
  ExecFailure,
  ExecFile,
  ExecFiles,
  ExecLimits,
  ExecOutcome,
  ExecRequest,
  ExecSuccess,
  ExecveatPlace,
  HardwareCapabilities,
  ImageMarks,
  VdsoImage,
  VdsoImages,
} from './exec-request.ts';
export { execve } from './execve.ts';
export type { FormatProvider } from './format-provider.ts';
export { elfFormat, elfI386Format } from './formats/elf.ts';
export type { ElfAbi } from './formats/elf-abi.ts';
export type { ElfCandidate, ElfRule, ImageRole, SegmentCandidate, SegmentRule } from './formats/elf-rule.ts';
export { LINUX_ELF_RULES, LINUX_SEGMENT_RULES } from './formats/linux-elf-rules.ts';
export { miscFormat } from './formats/binfmt-misc.ts';
export {
  parseEarlyScriptLine,
  parseScriptLine,
  type ScriptLine,
  type ScriptLineReader,
  scriptFormat,
} from './formats/script.ts';
export { type ImageFinding, type ImageJudgement, type JudgeOptions, judgeImage } from './judge-image.ts';
export { loadLibrary } from './load-library.ts';
export type { LoaderLayout, LoaderProfile, LoaderTraits } from './loader-profile.ts';
export { PersonalityFlag } from './personality-flags.ts';
export { findLoaderProfile, LOADER_PROFILES } from './profiles/index.ts';
export { linuxProfile } from './profiles/linux.ts';
