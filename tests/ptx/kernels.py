"""PTX for the tests, written by hand."""

HEAD = ".version 8.0\n.target sm_80\n.address_size 64\n"


def entry(body, parameters=(), registers="", name="k", before=""):
    """A module with one kernel; registers %p, %r, %rd, %f, %fd, %h of the usual types are there."""
    listed = ", ".join(f".param .{t} {n}" for t, n in parameters)
    usual = (
        ".reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<40>; .reg .b64 %rd<40>; .reg .f32 %f<40>; .reg .f64 %fd<40>;"
    )
    return f"{HEAD}{before}\n.visible .entry {name}({listed})\n{{\n{usual}\n{registers}\n{body}\nret;\n}}\n"


def index(register="%r1", scale=4, into="%rd1"):
    """The number of the thread in the grid, and that times a size."""
    return f"""
    mov.u32 %r30, %ctaid.x; mov.u32 %r31, %ntid.x; mov.u32 %r32, %tid.x;
    mad.lo.s32 {register}, %r30, %r31, %r32;
    mul.wide.s32 {into}, {register}, {scale};
    """


# out[t] = the sum of x of the block, by halving in shared memory; 64 threads.
BLOCK_SUM = entry(
    """
    ld.param.u64 %rd2, [x]; ld.param.u64 %rd3, [out];
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4;
    mov.u32 %r2, %ctaid.x; mul.wide.u32 %rd4, %r2, 256;
    add.s64 %rd2, %rd2, %rd4; add.s64 %rd2, %rd2, %rd1;
    ld.global.f32 %f1, [%rd2];
    mov.u32 %r3, sums; shl.b32 %r4, %r1, 2; add.u32 %r5, %r3, %r4;
    st.shared.f32 [%r5], %f1;
    bar.sync 0;
    mov.u32 %r6, 32;
loop:
    setp.ge.u32 %p1, %r1, %r6;
    @%p1 bra skip;
    shl.b32 %r7, %r6, 2; add.u32 %r8, %r5, %r7;
    ld.shared.f32 %f2, [%r8]; ld.shared.f32 %f3, [%r5];
    add.f32 %f3, %f3, %f2; st.shared.f32 [%r5], %f3;
skip:
    bar.sync 0;
    shr.u32 %r6, %r6, 1;
    setp.ne.u32 %p2, %r6, 0;
    @%p2 bra loop;
    setp.ne.u32 %p3, %r1, 0;
    @%p3 bra done;
    ld.shared.f32 %f4, [sums];
    mul.wide.u32 %rd5, %r2, 4; add.s64 %rd3, %rd3, %rd5;
    st.global.f32 [%rd3], %f4;
done:
    """,
    [("u64", "x"), ("u64", "out")],
    before=".shared .align 4 .b8 sums[256];",
)

# Every thread of a warp gets the sum of the warp.
WARP_SUM = entry(
    index()
    + """
    ld.param.u64 %rd2, [x]; add.s64 %rd2, %rd2, %rd1;
    ld.global.f32 %f1, [%rd2];
    mov.u32 %r2, 16;
loop:
    mov.b32 %r3, %f1;
    shfl.sync.bfly.b32 %r4|%p1, %r3, %r2, 31, -1;
    mov.b32 %f2, %r4;
    add.f32 %f1, %f1, %f2;
    shr.u32 %r2, %r2, 1;
    setp.ne.u32 %p2, %r2, 0;
    @%p2 bra loop;
    st.global.f32 [%rd2], %f1;
    """,
    [("u64", "x")],
)
