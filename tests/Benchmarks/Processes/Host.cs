using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Benchmarks.Processes;

/// <summary>Where a process runs: this machine itself, or a host of a <see cref="Netlab"/>.</summary>
/// <param name="Address">Its address in the network that is measured.</param>
/// <param name="Prefix">What stands before a command that is to run there.</param>
internal sealed record Host(string Address, IReadOnlyList<string> Prefix)
{
    /// <summary>This machine, on its loopback.</summary>
    public static Host Local { get; } = new("127.0.0.1", []);

    /// <summary>This machine at an IPv4 address of its own that is not of its loopback; null when it has none.</summary>
    public static Host? LocalOffLoopback() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(one => one.GetIPProperties().UnicastAddresses)
        .Where(one => one.Address.AddressFamily == AddressFamily.InterNetwork)
        .Select(one => new Host(one.Address.ToString(), []))
        .FirstOrDefault();

    /// <summary>The command line of a program there.</summary>
    public IReadOnlyList<string> Command(params IEnumerable<string> command) => [.. Prefix, .. command];
}
