using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Gateway.Operations;

/// <summary>Sums up what the gateway's own instruments measure, and writes it in the text format of Prometheus (0.0.4): counters with
/// <c>_total</c> after their name, dots as underscores, a row a set of labels. Thread-safe.</summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>One at a time looks at the observed instruments: their rows are made anew for each.</summary>
    private readonly Lock _writing = new();
    private readonly Lock _gate = new();
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);

    /// <param name="meters">Whose instruments to listen to: those of one container, of which tests have many in a process.</param>
    public PrometheusText(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == RequestMetrics.MeterName && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument, AddFamily(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Take((Family)state!, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Take((Family)state!, value, tags));
        _listener.Start();
    }

    /// <summary>Everything as it is now.</summary>
    public string Write()
    {
        lock (_writing)
        {
            return WriteAlone();
        }
    }

    public void Dispose() => _listener.Dispose();

    private string WriteAlone()
    {
        lock (_gate)
        {
            foreach (var family in _families.Values.Where(family => family.IsObserved))
            {
                family.Rows.Clear();
            }
        }

        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_gate)
        {
            foreach (var (name, family) in _families)
            {
                text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {family.Help}\n# TYPE {name} {family.Type}\n");
                foreach (var (labels, value) in family.Rows)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value:0.######}\n");
                }
            }
        }

        return text.ToString();
    }

    private Family AddFamily(Instrument instrument)
    {
        var isCounter = instrument is Counter<long> or ObservableCounter<long> or ObservableCounter<double>;
        var name = instrument.Name.Replace('.', '_') + (isCounter ? "_total" : "");
        var family = new Family(isCounter ? "counter" : "gauge", instrument.Description ?? name, instrument.IsObservable);
        if (!instrument.IsObservable && instrument.Unit == "By")
        {
            // Sums of bytes have no labels: they are there from the start, so that their first step is seen.
            family.Rows[""] = 0;
        }

        lock (_gate)
        {
            _families[name] = family;
        }

        return family;
    }

    private void Take(Family family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = "";
        if (!tags.IsEmpty)
        {
            var text = new StringBuilder("{");
            foreach (var (key, label) in tags)
            {
                text.Append(text.Length > 1 ? "," : "").Append(key).Append("=\"").Append(
                    Escape(Convert.ToString(label, CultureInfo.InvariantCulture) ?? "")).Append('"');
            }

            labels = text.Append('}').ToString();
        }

        lock (_gate)
        {
            family.Rows[labels] = family.IsObserved ? value : family.Rows.GetValueOrDefault(labels) + value;
        }
    }

    private static string Escape(string label) =>
        label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>The rows of one instrument.</summary>
    private sealed class Family(string type, string help, bool isObserved)
    {
        public string Type { get; } = type;

        public string Help { get; } = help;

        public bool IsObserved { get; } = isObserved;

        public SortedDictionary<string, double> Rows { get; } = new(StringComparer.Ordinal);
    }
}
