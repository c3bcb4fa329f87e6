# SPDX-License-Identifier: GPL-3.0-or-later
# Headers that more than half of the build's time would go into. Only with g++: clang's builds see
# to it that each file of the product includes what it needs.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(FSRVP_PRECOMPILE ON)
else()
    set(FSRVP_PRECOMPILE OFF)
endif()

# fsrvp_precompile(TARGET HEADERS... | TARGET REUSE_FROM OTHER)
function(fsrvp_precompile target)
    if(NOT FSRVP_PRECOMPILE)
        return()
    endif()
    if(ARGV1 STREQUAL "REUSE_FROM")
        target_precompile_headers(${target} ${ARGN})
    else()
        target_precompile_headers(${target} PRIVATE ${ARGN})
    endif()
endfunction()
