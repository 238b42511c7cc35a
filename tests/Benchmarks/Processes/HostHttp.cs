using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Benchmarks.Processes;

/// <summary>
/// HTTP from this process into the network of a <see cref="Host"/>, over connections that stay: what asks sixteen nodes several times a
/// second must not take the processors from them, as sixteen starts of curl do.
/// </summary>
internal static class HostHttp
{
    // <linux/sched.h>
    private const int CloneNewNetwork = 0x40000000;

    /// <summary>A client whose connections are made in the host's network.</summary>
    public static HttpClient Client(Host host) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = Open(host);
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>A socket belongs to the network of the thread that made it: a thread of its own goes there, and ends.</summary>
    private static Socket Open(Host host)
    {
        Socket? socket = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                if (host.Prefix.Count > 0)
                {
                    using var network = File.OpenHandle($"/run/netns/{host.Prefix[^1]}");
                    if (SetNamespace((int)network.DangerousGetHandle(), CloneNewNetwork) != 0)
                    {
                        throw new InvalidOperationException($"setns: errno {Marshal.GetLastPInvokeError()}");
                    }
                }

                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            }
            catch (Exception exception) when (exception is IOException or SocketException or InvalidOperationException)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return socket ?? throw new InvalidOperationException($"no socket in {host.Address}: {failure?.Message}", failure);
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int descriptor, int kind);
}
