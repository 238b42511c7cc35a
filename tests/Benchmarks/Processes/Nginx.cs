using System.Globalization;

namespace Benchmarks.Processes;

/// <summary>nginx as one process, serving a folder or standing as a proxy before another nginx.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private Nginx(ChildProcess process, string url)
    {
        Process = process;
        Url = url;
    }

    public ChildProcess Process { get; }

    public string Url { get; }

    /// <summary>Serves the files of a folder.</summary>
    public static Task<Nginx> ServeAsync(
        Host host, TemporaryFolder folder, string root, int port, CancellationToken cancellation, bool logsRequests = false) =>
        StartAsync(host, folder, port, $"location / {{ root {root}; }}", cancellation, logsRequests);

    /// <summary>Serves the files of a folder, and takes new ones by PUT.</summary>
    public static Task<Nginx> StoreAsync(Host host, TemporaryFolder folder, string root, int port, CancellationToken cancellation) =>
        StartAsync(
            host, folder, port,
            $"location / {{ root {root}; dav_methods PUT; client_max_body_size 0; client_body_buffer_size 1m; }}", cancellation);

    /// <summary>A reverse proxy, buffered and tuned: the buffers hold what a fast backend is ahead by, and nothing goes to disk.</summary>
    public static Task<Nginx> ProxyAsync(Host host, TemporaryFolder folder, string backend, int port, CancellationToken cancellation) =>
        StartAsync(
            host,
            folder,
            port,
            $$"""
            location / {
                proxy_pass {{backend}};
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_buffering on;
                proxy_buffer_size 64k;
                proxy_buffers 16 64k;
                proxy_busy_buffers_size 512k;
                proxy_max_temp_file_size 0;
            }
            """,
            cancellation);

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static async Task<Nginx> StartAsync(
        Host host, TemporaryFolder folder, int port, string location, CancellationToken cancellation, bool logsRequests = false)
    {
        var own = Directory.CreateDirectory(folder[string.Create(CultureInfo.InvariantCulture, $"nginx-{host.Address}-{port}")]).FullName;
        var configuration = Path.Combine(own, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            daemon off;
            master_process off;
            pid {{own}}/nginx.pid;
            error_log {{own}}/error.log;
            events { worker_connections 512; }
            http {
                access_log {{(logsRequests ? $"{own}/access.log" : "off")}};
                sendfile on;
                tcp_nopush on;
                client_body_temp_path {{own}}/body;
                proxy_temp_path {{own}}/proxy;
                fastcgi_temp_path {{own}}/fastcgi;
                uwsgi_temp_path {{own}}/uwsgi;
                scgi_temp_path {{own}}/scgi;
                server {
                    listen {{host.Address}}:{{port}};
                    {{location}}
                }
            }

            """,
            cancellation);
        var process = ChildProcess.Start(host.Command("nginx", "-p", own, "-e", $"{own}/error.log", "-c", configuration), own);
        var nginx = new Nginx(process, $"http://{host.Address}:{port}");
        while ((await Curl.GetAsync(host, nginx.Url, 5, [], cancellation)).Status == 0)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"nginx ended: {process.Errors}");
            }

            await Task.Delay(20, cancellation);
        }

        return nginx;
    }
}
