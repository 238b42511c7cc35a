using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Tests.Kernels;

/// <summary>Which kernels there are, also when the runtime is told to forget instructions (see <see cref="OtherMachinesTests"/>).</summary>
public sealed class KernelChoiceTests
{
    [Theory]
    [InlineData("DOTNET_EnableHWIntrinsic", "avx512-gfni avx512 avx2-gfni avx2 ssse3 arm64")]
    [InlineData("DOTNET_EnableAVX512", "avx512-gfni avx512")]
    [InlineData("DOTNET_EnableAVX2", "avx512-gfni avx512 avx2-gfni avx2")]
    [InlineData("DOTNET_EnableGFNI", "avx512-gfni avx2-gfni")]
    public void Instructions_switched_off_are_not_used(string variable, string kernels)
    {
        var absent = Environment.GetEnvironmentVariable(variable) == "0" ? kernels.Split(' ') : [];
        Assert.DoesNotContain(SymbolKernels.All, kernel => absent.Contains(kernel.Name));
    }

    [Fact]
    public void A_kernel_can_be_forced_by_name()
    {
        var forced = Environment.GetEnvironmentVariable(SymbolKernels.ForcingVariable);
        Assert.Equal(SymbolKernels.TryGet(forced, out var kernel) ? kernel : SymbolKernels.All[0], SymbolKernels.Best);
    }
}
