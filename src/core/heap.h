// Growable array and binary heap over memory that the caller supplies: they never allocate.  Memory
// that an array has outgrown stays where it is; it goes with the memory context that it came from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace vdb {

template <class T> struct Array {
    static_assert(std::is_trivially_copyable_v<T>);

    T *data;
    uint32_t size;
    uint32_t capacity;

    uint32_t room() const { return capacity - size; }
    // REQUIRES: room() > 0.
    void push(T value) { data[size++] = value; }
    T &operator[](uint32_t i) { return data[i]; }
    const T &operator[](uint32_t i) const { return data[i]; }
    T *begin() { return data; }
    T *end() { return data + size; }
    // Moves the content to `memory`, which holds `n` elements.  REQUIRES: n >= size.
    void move_to(void *memory, uint32_t n)
    {
        if (size > 0)
            std::memcpy(memory, data, size * sizeof(T));
        data = static_cast<T *>(memory);
        capacity = n;
    }
};

// Heap operations on an Array; `Less(a, b)` says that a leaves before b.
template <class T, class Before> struct Heap : Array<T> {
    const T &top() const { return this->data[0]; }
    void push(T value)
    {
        Array<T>::push(value);
        std::push_heap(this->begin(), this->end(), After());
    }
    T pop()
    {
        std::pop_heap(this->begin(), this->end(), After());
        return this->data[--this->size];
    }
    void make() { std::make_heap(this->begin(), this->end(), After()); }
    // Nearest-to-leave first; afterwards it is a plain array.
    void sort() { std::sort(this->begin(), this->end(), Before()); }

  private:
    struct After {
        bool operator()(const T &a, const T &b) const { return Before()(b, a); }
    };
};

} // namespace vdb
