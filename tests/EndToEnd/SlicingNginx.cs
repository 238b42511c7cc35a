using System.Globalization;

namespace EndToEnd;

/// <summary>nginx that keeps slices of 1 MiB of what a gateway has.</summary>
internal sealed class SlicingNginx : IAsyncDisposable
{
    private readonly RunningTool _nginx;

    private SlicingNginx(RunningTool nginx, string url)
    {
        _nginx = nginx;
        Url = url;
    }

    public string Url { get; }

    public static async Task<SlicingNginx> StartAsync(TestFolder folder, string backend)
    {
        var own = Directory.CreateDirectory(folder["nginx"]).FullName;
        var port = GatewayProcess.FreePorts(1)[0];
        await File.WriteAllTextAsync(
            Path.Combine(own, "nginx.conf"),
            $$"""
            daemon off;
            master_process off;
            pid {{own}}/nginx.pid;
            error_log {{own}}/error.log;
            events { worker_connections 512; }
            http {
                access_log off;
                client_body_temp_path {{own}}/body;
                proxy_temp_path {{own}}/proxy;
                fastcgi_temp_path {{own}}/fastcgi;
                uwsgi_temp_path {{own}}/uwsgi;
                scgi_temp_path {{own}}/scgi;
                proxy_cache_path {{own}}/cache keys_zone=slices:1m;
                server {
                    listen 127.0.0.1:{{port}};
                    location / {
                        slice 1m;
                        proxy_pass {{backend}};
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_set_header Range $slice_range;
                        proxy_cache slices;
                        proxy_cache_key $uri$slice_range;
                        proxy_cache_valid 200 206 1h;
                        proxy_ignore_headers Cache-Control;
                        proxy_cache_lock on;
                    }
                }
            }

            """);
        var nginx = Tool.Start("nginx", "-p", own, "-e", $"{own}/error.log", "-c", $"{own}/nginx.conf");
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        await GatewayProcess.WaitUntilAsync(
            async () =>
            {
                Assert.False(nginx.Process.HasExited, "nginx ended");
                return (await Tool.CurlAsync("-o", "/dev/null", url)).ExitCode == 0;
            },
            "nginx");
        return new SlicingNginx(nginx, url);
    }

    public ValueTask DisposeAsync()
    {
        _nginx.Dispose();
        return ValueTask.CompletedTask;
    }
}
