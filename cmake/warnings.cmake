# SPDX-License-Identifier: GPL-3.0-or-later
# fsrvp_part(NAME SOURCES... LINKS...): one static library a part, with the project's warnings.

add_library(fsrvp_options INTERFACE)
target_compile_options(fsrvp_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wsuggest-override
    -Wnon-virtual-dtor -Wformat=2
    $<$<BOOL:${FSRVP_WERROR}>:-Werror>)
target_include_directories(fsrvp_options INTERFACE ${PROJECT_SOURCE_DIR})
if(FSRVP_SANITIZE)
    target_compile_options(fsrvp_options INTERFACE
        -fsanitize=${FSRVP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(fsrvp_options INTERFACE -fsanitize=${FSRVP_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        # clang 14 can't compile a coroutine with it.
        target_compile_options(fsrvp_options INTERFACE -fno-sanitize=function)
    endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(fsrvp_options INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
    target_link_options(fsrvp_options INTERFACE LINKER:-z,relro LINKER:-z,now)
endif()

function(fsrvp_part name)
    cmake_parse_arguments(PART "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
    add_library(${name} STATIC ${PART_SOURCES})
    target_link_libraries(${name} PUBLIC fsrvp_options ${PART_LINKS} PRIVATE ${PART_PRIVATE_LINKS})
endfunction()
