// table: opcodes that EVEX and XOP instructions have, which no row describes: enough to know their lengths (SDM vol. 2; AMD's manual vol. 6 for XOP).

/** EVEX opcodes by map, each behind a blank: two digits of opcode, one of mandatory prefixes (1 none, 2 66, 4 F3, 8 F2). */
export const EVEX_OPCODES: Readonly<Record<number, string>> = {
  1:
    ' 10f 11f 12f 133 143 153 167 173 283 293 2ac 2b3 2cc 2dc 2e3 2f3 51f 543 553 563 573 58f 59f 5af 5b7 5cf 5df 5ef 5ff 602 612 622 632 642' +
    ' 652 662 672 682 692 6a2 6b2 6c2 6d2 6e2 6fe 70e 712 722 732 742 752 762 78f 79f 7ae 7be 7e6 7fe c2f c42 c52 c63 d12 d22 d32 d42 d52 d62' +
    ' d82 d92 da2 db2 dc2 dd2 de2 df2 e02 e12 e22 e32 e42 e52 e6e e72 e82 e92 ea2 eb2 ec2 ed2 ee2 ef2 f12 f22 f32 f42 f52 f62 f82 f92 fa2 fb2' +
    ' fc2 fd2 fe2',
  2:
    ' 002 042 0b2 0c2 0d2 106 116 126 136 146 156 162 182 192 1a2 1b2 1c2 1d2 1e2 1f2 206 216 226 236 246 256 266 276 286 296 2a6 2b2 2c2 2d2' +
    ' 306 316 326 336 346 356 362 372 386 396 3a6 3b2 3c2 3d2 3e2 3f2 402 422 432 442 452 462 472 4c2 4d2 4ef 4f2 50f 51f 52e 53a 542 552 582' +
    ' 592 5a2 5b2 622 632 642 652 662 688 702 712 72e 732 752 762 772 782 792 7a2 7b2 7c2 7d2 7e2 7f2 832 882 892 8a2 8b2 8d2 8f2 902 912 922' +
    ' 932 962 972 982 992 9aa 9ba 9c2 9d2 9e2 9f2 a02 a12 a22 a32 a62 a72 a82 a92 aaa aba ac2 ad2 ae2 af2 b42 b52 b62 b72 b82 b92 ba2 bb2 bc2' +
    ' bd2 be2 bf2 c42 c62 c72 c82 ca2 cb2 cc2 cd2 cf2 dc2 dd2 de2 df2',
  3:
    ' 002 012 032 042 052 083 092 0a3 0b2 0f2 142 152 162 172 182 192 1a2 1b2 1d2 1e2 1f2 202 212 222 232 252 263 273 382 392 3a2 3b2 3e2 3f2' +
    ' 42f 432 442 502 512 542 552 563 573 663 673 70f 712 72f 732 c25 ce2 cf2',
  5: ' 104 114 1d3 2a4 2c4 2d4 2e1 2f1 515 585 595 5af 5b7 5c5 5d5 5e5 5f5 6e2 787 797 7aa 7b6 7c3 7df 7e2',
  6:
    ' 133 2c2 2d2 422 432 4c2 4d2 4e2 4f2 56c 57c 962 972 982 992 9a2 9b2 9c2 9d2 9e2 9f2 a62 a72 a82 a92 aa2 ab2 ac2 ad2 ae2 af2 b62 b72 b82' +
    ' b92 ba2 bb2 bc2 bd2 be2 bf2 d6c d7c',
};

/** XOP opcodes by map; those of map 8 end in a byte of immediate, those of map 10 in four. */
export const XOP_OPCODES: Readonly<Record<number, string>> = {
  8: '85 86 87 8e 8f 95 96 97 9e 9f a2 a3 a6 b6 c0 c1 c2 c3 cc cd ce cf ec ed ee ef',
  9: '01 02 12 80 81 82 83 90 91 92 93 94 95 96 97 98 99 9a 9b c1 c2 c3 c6 c7 cb d1 d2 d3 d6 d7 db e1 e2 e3',
  10: '10 12',
};
