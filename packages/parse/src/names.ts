// Public names of @elf/parse/names: what the numbers of ELF are called. Tables, apart from the parser so that programs without them stay small.
export {
  DYNAMIC_FEATURE,
  DYNAMIC_FLAG,
  DYNAMIC_FLAG_1,
  DYNAMIC_POSITION_FLAG_1,
} from './formats/elf/constants/dynamic-flag-name.ts';
export { DYNAMIC_TAG_NAME, MACHINE_DYNAMIC_TAG_NAME } from './formats/elf/constants/dynamic-tag-name.ts';
export { FILE_TYPE_NAME } from './formats/elf/constants/file-type-name.ts';
export { MACHINE_NAME } from './formats/elf/constants/machine-name.ts';
export {
  COMMON_NOTE_NAME,
  CORE_NOTE_NAME,
  FREEBSD_CORE_NOTE_NAME,
  FREEBSD_NOTE_NAME,
  GNU_NOTE_NAME,
  NETBSD_CORE_NOTE_NAME,
  NETBSD_NOTE_NAME,
  OPENBSD_NOTE_NAME,
} from './formats/elf/constants/note-type-name.ts';
export { MACHINE_OSABI_NAME, OSABI_NAME } from './formats/elf/constants/osabi-name.ts';
export { relocationTypeName, relocationTypeNames } from './formats/elf/constants/relocations/relocation-type-name.ts';
export { SECTION_FLAG_LETTER } from './formats/elf/constants/section-flag-letter.ts';
export { MACHINE_SECTION_TYPE_NAME, SECTION_TYPE_NAME } from './formats/elf/constants/section-type-name.ts';
export { MACHINE_SEGMENT_TYPE_NAME, SEGMENT_TYPE_NAME } from './formats/elf/constants/segment-type-name.ts';
export {
  GNU_IFUNC_OSABI,
  MACHINE_SYMBOL_TYPE_NAME,
  SYMBOL_BINDING_NAME,
  SYMBOL_TYPE_NAME,
  SYMBOL_VISIBILITY_NAME,
} from './formats/elf/constants/symbol-name.ts';
