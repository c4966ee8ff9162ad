// table: flags of poll(2), epoll(7), eventfd(2), timerfd_create(2) and signalfd(2) (include/uapi/linux/eventpoll.h, eventfd.h, timerfd.h).

/** epoll events in strace's order. */
// biome-ignore format: a table
export const EPOLL_EVENT_NAMES = {
  EPOLLIN: 0x1, EPOLLPRI: 0x2, EPOLLOUT: 0x4, EPOLLERR: 0x8, EPOLLHUP: 0x10, EPOLLRDNORM: 0x40, EPOLLRDBAND: 0x80, EPOLLWRNORM: 0x100,
  EPOLLWRBAND: 0x200, EPOLLMSG: 0x400, EPOLLRDHUP: 0x2000, EPOLLEXCLUSIVE: 1 << 28, EPOLLWAKEUP: 1 << 29, EPOLLONESHOT: 1 << 30, EPOLLET: 0x8000_0000,
} as const;

/** poll(2) events. */
// biome-ignore format: a table
export const POLL_EVENT_NAMES = {
  POLLIN: 0x1, POLLPRI: 0x2, POLLOUT: 0x4, POLLERR: 0x8, POLLHUP: 0x10, POLLNVAL: 0x20, POLLRDNORM: 0x40, POLLRDBAND: 0x80, POLLWRNORM: 0x100,
  POLLWRBAND: 0x200, POLLMSG: 0x400, POLLRDHUP: 0x2000,
} as const;

export const EFD_NAMES = { EFD_SEMAPHORE: 1, EFD_NONBLOCK: 0o4000, EFD_CLOEXEC: 0o2000000 } as const;
export const TFD_NAMES = { TFD_NONBLOCK: 0o4000, TFD_CLOEXEC: 0o2000000 } as const;
export const TFD_TIMER_NAMES = { TFD_TIMER_ABSTIME: 1, TFD_TIMER_CANCEL_ON_SET: 2 } as const;
export const SFD_NAMES = { SFD_NONBLOCK: 0o4000, SFD_CLOEXEC: 0o2000000 } as const;
