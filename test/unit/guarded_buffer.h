// A block of memory whose end is the end of a mapped page: reading one byte past it is a crash, in
// every build and for reads that a sanitizer does not see (masked and vector loads).
#pragma once

#include <cstddef>
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

namespace vdb::test {

class GuardedBuffer {
  public:
    explicit GuardedBuffer(size_t bytes)
    {
        const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));

        usable_ = (bytes + page - 1) / page * page;
        void *map = mmap(nullptr, usable_ + page, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED)
            abort();
        base_ = static_cast<char *>(map);
        mapped_ = usable_ + page;
        if (mprotect(base_ + usable_, page, PROT_NONE) != 0)
            abort();
    }
    ~GuardedBuffer() { munmap(base_, mapped_); }
    GuardedBuffer(const GuardedBuffer &) = delete;
    GuardedBuffer &operator=(const GuardedBuffer &) = delete;

    // Room for count objects of type T that end exactly before the guard page.
    template <class T> T *at_end(size_t count)
    {
        return reinterpret_cast<T *>(base_ + usable_ - count * sizeof(T));
    }

    // The same, bytes before the guard page: for pointers without alignment.
    template <class T> T *before_end(size_t count, size_t bytes)
    {
        return reinterpret_cast<T *>(base_ + usable_ - count * sizeof(T) - bytes);
    }

  private:
    char *base_;
    size_t usable_;
    size_t mapped_;
};

} // namespace vdb::test
