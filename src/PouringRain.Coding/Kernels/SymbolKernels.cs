using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;

namespace PouringRain.Coding.Kernels;

/// <summary>The kernels that this machine can run, and the choice among them, made once a process.</summary>
public static class SymbolKernels
{
    /// <summary>The environment variable that, read at the first use, forces a kernel by its name. A name that the machine does not
    /// have is ignored.</summary>
    public const string ForcingVariable = "POURINGRAIN_KERNEL";

    /// <summary>Every kernel that this machine has, the best first; the last is the scalar reference.</summary>
    public static ImmutableArray<ISymbolKernel> All { get; } = Create();

    /// <summary>The kernel in use.</summary>
    public static ISymbolKernel Best { get; } =
        TryGet(Environment.GetEnvironmentVariable(ForcingVariable), out var forced) ? forced : All[0];

    /// <summary>The kernel in use, for plans.</summary>
    internal static IPlanKernel ForPlans => (IPlanKernel)Best;

    /// <summary>Finds a kernel of this machine by its name.</summary>
    public static bool TryGet(string? name, [NotNullWhen(true)] out ISymbolKernel? kernel)
    {
        foreach (var candidate in All)
        {
            if (candidate.Name == name)
            {
                kernel = candidate;
                return true;
            }
        }

        kernel = null;
        return false;
    }

    private static ImmutableArray<ISymbolKernel> Create()
    {
        var kernels = ImmutableArray.CreateBuilder<ISymbolKernel>();
        Add<Vector512<byte>, Avx512Gfni>(kernels);
        // Twice the width for XOR is worth more than the better multiplication, of which there is little.
        Add<Vector512<byte>, Avx512Shuffle>(kernels);
        Add<Vector256<byte>, Avx2Gfni>(kernels);
        Add<Vector256<byte>, Avx2Shuffle>(kernels);
        Add<Vector128<byte>, Ssse3Shuffle>(kernels);
        Add<Vector128<byte>, Arm64Shuffle>(kernels);
        Add<ulong, Word>(kernels);
        Add<byte, Scalar>(kernels);
        return kernels.DrainToImmutable();
    }

    private static void Add<TVector, TArithmetic>(ImmutableArray<ISymbolKernel>.Builder kernels)
        where TVector : unmanaged
        where TArithmetic : struct, IVectorArithmetic<TVector>
    {
        if (TArithmetic.IsSupported)
        {
            kernels.Add(new SymbolKernel<TVector, TArithmetic>());
        }
    }
}
