using System.Diagnostics;
using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Tests.Kernels;

/// <summary>The tests of kernels and of the code once more in processes that have less
/// instructions than this machine, or another kernel.</summary>
public sealed class OtherMachinesTests
{
    [Theory]
    [InlineData("DOTNET_EnableHWIntrinsic", "0")]
    [InlineData("DOTNET_EnableAVX512", "0")]
    [InlineData("DOTNET_EnableAVX2", "0")]
    [InlineData("DOTNET_EnableGFNI", "0")]
    [InlineData(SymbolKernels.ForcingVariable, "ssse3")]
    public async Task Tests_pass_with_less(string variable, string value)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OtherMachinesTests).Assembly.Location);
        }

        Type[] classes =
        [
            typeof(SymbolKernelTests), typeof(KernelChoiceTests), typeof(RaptorQ.RaptorQRoundTripTests), typeof(Erasure.ErasureCodeTests),
        ];
        foreach (var name in classes)
        {
            start.ArgumentList.Add("--filter-class");
            start.ArgumentList.Add(name.FullName!);
        }

        start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{variable}={value}: {await output}{await errors}");
    }
}
