using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gateway.Access;
using Gateway.Hosting;

namespace Gateway.Operations;

/// <summary>Figures in the text format of Prometheus.</summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(this IEndpointRouteBuilder app) =>
        app.MapRead("/metrics", WriteAsync).WithName("Metrics").WithTags("Operations").RequireKeys().Answers(200, "text/plain")
            .Says(200, "All figures, in the text format of Prometheus.")
            .Describe("Figures for Prometheus", "Requests, transfers, subscribers, servers, memory.");

    private static async Task WriteAsync(HttpContext http, NodeHost host, RequestMetrics requests)
    {
        var text = new StringBuilder();
        Head(text, "rain_http_requests_total", "counter", "Requests ended, by route, method and status.");
        foreach (var ((route, method, status), count) in requests.Requests)
        {
            Line(text, "rain_http_requests_total", $"{{route=\"{Escape(route)}\",method=\"{method}\",status=\"{status}\"}}", count);
        }

        One(text, "rain_http_sent_bytes_total", "counter", "Bytes of resources handed to clients.", requests.SentBytes);
        var transfers = host.Node.Transfers;
        Head(text, "rain_transfers", "gauge", "Running and recent fetches by state.");
        foreach (var group in transfers.GroupBy(transfer => transfer.State).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            Line(text, "rain_transfers", $"{{state=\"{Escape(group.Key)}\"}}", group.Count());
        }

        var droplets = transfers.Sum(transfer => transfer.DropletsReceived);
        One(text, "rain_transfers_droplets", "gauge", "Distinct droplets received by the fetches listed in /transfers.", droplets);
        var symbols = transfers.Sum(transfer => transfer.SymbolsNeeded);
        One(text, "rain_transfers_symbols_needed", "gauge", "Symbols needed by the fetches listed in /transfers.", symbols);
        Head(text, "rain_servers", "gauge", "Servers known, by state.");
        foreach (var group in host.Node.Servers.GroupBy(server => server.State).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            Line(text, "rain_servers", $"{{state=\"{Escape(group.Key)}\"}}", group.Count());
        }

        var subscribers = await host.Node.GetSubscribersAsync();
        One(text, "rain_subscribers", "gauge", "Subscribers rained on just now.", subscribers.Count);
        One(text, "process_resident_memory_bytes", "gauge", "Resident memory.", Environment.WorkingSet);
        using var process = Process.GetCurrentProcess();
        Head(text, "process_cpu_seconds_total", "counter", "Processor time.");
        text.Append(CultureInfo.InvariantCulture, $"process_cpu_seconds_total {process.TotalProcessorTime.TotalSeconds:F2}\n");
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await http.Response.WriteAsync(text.ToString(), http.RequestAborted);
    }

    private static void One(StringBuilder text, string name, string type, string help, long value)
    {
        Head(text, name, type, help);
        Line(text, name, "", value);
    }

    private static void Head(StringBuilder text, string name, string type, string help) => text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void Line(StringBuilder text, string name, string labels, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");

    private static string Escape(string label) =>
        label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
