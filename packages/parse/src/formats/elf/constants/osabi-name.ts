// table: names of EI_OSABI values as GNU readelf prints them.

/** Operating system or ABI by EI_OSABI (gABI chapter 4). */
export const OSABI_NAME: Readonly<Record<number, string>> = {
  0: 'UNIX - System V',
  1: 'UNIX - HP-UX',
  2: 'UNIX - NetBSD',
  3: 'UNIX - GNU',
  6: 'UNIX - Solaris',
  7: 'UNIX - AIX',
  8: 'UNIX - IRIX',
  9: 'UNIX - FreeBSD',
  10: 'UNIX - TRU64',
  11: 'Novell - Modesto',
  12: 'UNIX - OpenBSD',
  13: 'VMS - OpenVMS',
  14: 'HP - Non-Stop Kernel',
  15: 'AROS',
  16: 'FenixOS',
  17: 'Nuxi CloudABI',
  18: 'Stratus Technologies OpenVOS',
};

/** Names that only one machine gives to the architecture-specific values 64..255, by e_machine. */
export const MACHINE_OSABI_NAME: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  40: {
    65: 'ARM FDPIC',
    97: 'ARM',
  },
  105: {
    255: 'Standalone App',
  },
  140: {
    64: 'Bare-metal C6000',
    65: 'Linux C6000',
  },
  221: {
    255: 'Standalone App',
  },
  224: {
    64: 'AMD HSA',
    65: 'AMD PAL',
    66: 'AMD Mesa3D',
  },
};
