# Windows, x86-64, from Linux. DOGS_LIBS: where tools/windows has put the static libraries.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(triple x86_64-w64-mingw32)

# The variant with POSIX threads; where it is the only one it may lack the suffix.
find_program(CMAKE_C_COMPILER NAMES ${triple}-gcc-posix ${triple}-gcc REQUIRED)
find_program(CMAKE_RC_COMPILER NAMES ${triple}-windres REQUIRED)

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES DOGS_LIBS)
set(CMAKE_FIND_ROOT_PATH /usr/${triple} ${DOGS_LIBS})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
if(DOGS_LIBS)
  set(ENV{PKG_CONFIG_LIBDIR} ${DOGS_LIBS}/lib/pkgconfig)
endif()
set(PKG_CONFIG_ARGN --static)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)

# Windows 10: what all of it may take for granted.
add_compile_definitions(_WIN32_WINNT=0x0A00)
