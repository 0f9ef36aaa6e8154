"""The entities of sales, as data: the customer invoice and its items."""

from typing import Final

from daemon.sandbox.declaring import booleans, dates, decimals, foreign_key, integers, texts
from daemon.sandbox.schema import Declaration, Field, Kind, Many, One

_SUMS: Final = (
    "TaxExclusiveAmount",
    "VatTotalsAmount",
    "TaxInclusiveAmount",
    "RestAmount",
    "CreditedAmount",
    "PayableRoundingAmount",
)
_CURRENCY_SUMS: Final = (
    *(f"{name}Currency" for name in _SUMS[:-1]),
    "PayableRoundingCurrencyAmount",
)

CUSTOMER_INVOICE: Final = Declaration(
    name="CustomerInvoice",
    route="invoices",
    first_id=2201,
    writable=True,
    fields=(
        Field("InvoiceNumber", max_length=100, indexed=True),
        foreign_key("InvoiceNumberSeriesID", "NumberSeries"),
        Field("InvoiceType", Kind.INTEGER, default=0),
        foreign_key("InvoiceReferenceID", "CustomerInvoice", indexed=True),
        Field("ExternalReference", max_length=20, indexed=True),
        *integers("ExternalStatus"),
        foreign_key("CustomerID", "Customer", indexed=True),
        *texts(255, "CustomerName", "CustomerOrgNumber", "CustomerPerson", "EmailAddress"),
        *texts(255, "YourReference", "OurReference", "Requisition"),
        *dates("InvoiceDate", "PaymentDueDate", "DeliveryDate", "LastPaymentDate"),
        Field("PaymentID", max_length=100, indexed=True),
        *texts(255, "PaymentInformation", "Payment"),
        *integers("PaymentInfoTypeID", "CreditDays", "BankAccountID"),
        foreign_key("PaymentTermsID", "Terms"),
        foreign_key("DeliveryTermsID", "Terms"),
        *booleans("DontSendReminders"),
        foreign_key("CurrencyCodeID", "CurrencyCode"),
        *decimals("CurrencyExchangeRate"),
        foreign_key("DefaultDimensionsID", "Dimensions"),
        *texts(500, "Comment", "FreeTxt", "InternalNote"),
        *texts(255, "InvoiceReceiverName", "InvoiceAddressLine1", "InvoiceAddressLine2", "InvoiceAddressLine3"),
        *texts(10, "InvoicePostalCode", "ShippingPostalCode"),
        *texts(255, "InvoiceCity", "InvoiceCountry", "ShippingCity", "ShippingCountry"),
        *texts(100, "InvoiceCountryCode", "ShippingCountryCode"),
        *texts(255, "ShippingAddressLine1", "ShippingAddressLine2", "ShippingAddressLine3"),
        *decimals(*_SUMS, *_CURRENCY_SUMS, writable=False),
        foreign_key("JournalEntryID", "JournalEntry", indexed=True, writable=False),
        foreign_key("WriteoffJournalEntryID", "JournalEntry", writable=False),
        *integers("DistributionPlanID", "AccrualID", "DefaultSellerID", "PrintStatus", "CollectorStatusCode"),
        Field("CreatedFromJournalEntry", Kind.BOOLEAN, default=False, writable=False),
    ),
    relations=(
        One("Customer", "Customer", "CustomerID"),
        One("InvoiceReference", "CustomerInvoice", "InvoiceReferenceID", writable=False),
        One("PaymentTerms", "Terms", "PaymentTermsID"),
        One("DeliveryTerms", "Terms", "DeliveryTermsID"),
        One("CurrencyCode", "CurrencyCode", "CurrencyCodeID"),
        One("DefaultDimensions", "Dimensions", "DefaultDimensionsID"),
        One("JournalEntry", "JournalEntry", "JournalEntryID", writable=False),
        Many("Items", "CustomerInvoiceItem", "CustomerInvoiceID"),
    ),
    unmodelled=("Payments", "DefaultSeller", "Sellers", "Distributions"),
    recent=("Payments", "CurrencyCode", "InvoiceReference"),
    snapshot=(
        "Customer", "CurrencyCode", "InvoiceReference", "DefaultDimensions.Project",
        "Items.Account", "Items.VatType", "Items.Product", "Items.Dimensions.Project",
        "JournalEntry.Lines.Account", "JournalEntry.Lines.SubAccount", "JournalEntry.Lines.VatType",
        "JournalEntry.Lines.Dimensions.Project",
    ),
)  # fmt: skip

CUSTOMER_INVOICE_ITEM: Final = Declaration(
    name="CustomerInvoiceItem",
    route="invoiceitems",
    first_id=7701,
    fields=(
        foreign_key("CustomerInvoiceID", "CustomerInvoice", indexed=True, writable=False),
        foreign_key("ProductID", "Product"),
        foreign_key("AccountID", "Account"),
        foreign_key("VatTypeID", "VatType"),
        *decimals("VatPercent"),
        *dates("VatDate"),
        Field("ItemText", max_length=255),
        Field("Comment", max_length=500),
        *decimals("NumberOfItems", "PriceExVat", "PriceExVatCurrency", "PriceIncVat", "Discount", "DiscountCurrency"),
        Field("Unit", max_length=100),
        Field("DiscountPercent", Kind.DECIMAL, default=0),
        *booleans("PriceSetByUser", "CalculateGrossPriceBasedOnNetPrice"),
        *decimals("SumTotalExVat", "SumVat", "SumTotalIncVat"),
        *decimals("SumTotalExVatCurrency", "SumVatCurrency", "SumTotalIncVatCurrency"),
        foreign_key("CurrencyCodeID", "CurrencyCode"),
        *decimals("CurrencyExchangeRate"),
        foreign_key("DimensionsID", "Dimensions"),
        *integers("SortIndex", "ItemSourceID"),
        *dates("InvoicePeriodStartDate", "InvoicePeriodEndDate"),
        Field("AccountingCost", max_length=255),
    ),
    relations=(
        One("Product", "Product", "ProductID"),
        One("Account", "Account", "AccountID"),
        One("VatType", "VatType", "VatTypeID"),
        One("CurrencyCode", "CurrencyCode", "CurrencyCodeID"),
        One("Dimensions", "Dimensions", "DimensionsID"),
    ),
    recent=("Product", "VatType", "Account"),
)
