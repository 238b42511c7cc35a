using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PouringRain.Network.Tests;

/// <summary>Runs something on a thread that has a network of its own: sockets opened there, and programs started there, see nothing but a
/// loopback and what they add. It goes with the thread.</summary>
internal static class NetworkNamespace
{
    private const int CloneNewNetwork = 0x4000_0000;

    /// <summary>Runs <paramref name="action"/> and throws what it throws; skips the test where the system does not let us.</summary>
    public static void Run(Action action)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Network namespaces are Linux's.");
        var error = 0;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            if (Unshare(CloneNewNetwork) != 0)
            {
                error = Marshal.GetLastPInvokeError();
                return;
            }

            try
            {
                Ip("link set lo up");
                action();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        Assert.SkipUnless(error == 0, $"A network namespace needs root (unshare says {error}).");
        failure?.Throw();
    }

    /// <summary>iproute2's program.</summary>
    public static void Ip(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ip {arguments}: {errors}");
    }

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unshare(int flags);
}
