using System.ComponentModel.DataAnnotations;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>What a list may be asked with.</summary>
internal delegate void ListParameters(
    [FromQuery(Name = "after")]
    [Meaning("The id after which the page begins: the last page's next.", "42", Pattern = MeaningAttribute.IdPattern)]
    string? after,
    [FromQuery(Name = "limit"), Range(1, ResourceManagement.PageItemsMax)]
    [Meaning("Items of a page at most, from 1 to 1000; 100 by default.", 100)]
    int? limit);
